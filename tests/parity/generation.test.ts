import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { describeDevices } from "../devices.ts";
import { readFamilyCase } from "./familyCase.ts";
import { compareGeneration } from "./familyGeneration.ts";

const folder = fileURLToPath(new URL("../fixtures/families/", import.meta.url));
const cases = [...readdirSync(folder).filter((name) => name.startsWith("generate-")), "flamingo-neox-every2-split"];

describeDevices("continuations of padded batches", (device) => {
  describe.each([
    ["with a KV cache", false],
    ["without one", true],
  ])("%s", (_, whole) => {
    // An emulated GPU takes minutes: there the parity command tries it.
    test.skipIf(device === "webgpu").each(cases)(
      "%s: greedily and by beam search the very tokens of the library",
      async (name) => {
        const read = await readFamilyCase(join(folder, name));
        const before = countTensors();
        const found = await compareGeneration(read, whole);
        expect(countTensors()).toBe(before);
        expect(found.wrong).toBe(0);
        expect(found.tokens).toBeGreaterThan(0);
        expect(found.logits).toBeLessThan(1e-4);
        expect(found.scores).toBeLessThan(1e-4);
      },
    );
  });
});
