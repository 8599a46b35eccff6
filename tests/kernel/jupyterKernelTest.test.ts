import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findJupyter, jupyterEnvironment } from "../notebooks/jupyter.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const python = findJupyter("jupyter_kernel_test");
const script = fileURLToPath(new URL("jupyterKernelTest.py", import.meta.url));

/** Payloads are obsolete in the protocol, and the pager is one. */
const notConfigured = ["test_pager"];

test.runIf(python)("the kernel passes Jupyter's own test suite for kernels", { timeout: 180_000 }, async () => {
  const env = await jupyterEnvironment(join(temporaryFolder(), "home"));
  const suite = spawn(python!, [script, "-v"], { env, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  suite.stderr.on("data", (data) => {
    output += data;
  });
  const [code] = await once(suite, "close");
  expect(output).toMatch(/^Ran \d+ tests/m);
  expect(code, output).toBe(0);
  const skipped = [...output.matchAll(/^(test_\w+) .*skipped/gm)].map(([, name]) => name);
  expect(skipped).toEqual(notConfigured);
});
