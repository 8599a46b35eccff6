import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Makes Node say that it is an old one. */
const old = `data:text/javascript,${encodeURIComponent(
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } })',
)}`;

test.each(["src/command/flamingo.js", "kernel/flamingo-kernel.js"])("%s says which Node it needs", (launcher) => {
  const file = fileURLToPath(new URL(`../../${launcher}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", old, file], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: "",
    stderr: "USAGE: this is Node 18.20.0. Fix: install Node 20.19 or newer\n",
  });
});
