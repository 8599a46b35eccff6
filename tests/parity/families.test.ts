import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { describeDevices } from "../devices.ts";
import { compareFamily } from "./familyAgreement.ts";
import { readFamilyCase } from "./familyCase.ts";

const folder = fileURLToPath(new URL("../fixtures/families/", import.meta.url));
const cases = readdirSync(folder).filter((name) => /^(gpt|opt|mpt|llama|clip-vision|nfnet|flamingo)/.test(name));
/** An emulated GPU takes long: it computes one case of each family. */
const oneOfEach = ["gpt2", "opt", "gpt-neox", "mpt", "llama-3", "clip-vision", "nfnet-dm", "flamingo-opt-every1"];

describeDevices("parity with the libraries that define the families", (device) => {
  const bounds = device === "webgpu" ? { output: 1e-3, gradient: 2e-3 } : { output: 1e-4, gradient: 1e-3 };

  test.each(device === "webgpu" ? oneOfEach : cases)(
    "%s: outputs and the gradients of all weights agree, and nothing leaks",
    async (name) => {
      const read = await readFamilyCase(join(folder, name));
      const before = countTensors();
      const { output, gradients } = await compareFamily(read);
      expect(countTensors()).toBe(before);
      expect(output.error).toBeLessThanOrEqual(bounds.output);
      for (const gradient of gradients) expect(gradient.error, gradient.name).toBeLessThanOrEqual(bounds.gradient);
      const stored = [...read.expected.keys()].filter((name) => name.startsWith("grad."));
      expect(gradients.length).toBe(stored.length);
    },
  );
});
