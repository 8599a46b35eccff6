import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkpointNames, frozenNames } from "../../src/models/families/openFlamingo.ts";
import { loadWeights } from "../../src/weights/file.ts";
import { toTheirs } from "../../src/weights/nameMap.ts";
import { describeDevices } from "../devices.ts";
import { relativeError } from "./agreement.ts";
import { numbersOf } from "./familyCase.ts";
import { trainedFlamingo, tripConfig } from "./roundTrip.ts";

const folder = fileURLToPath(new URL("../fixtures/families/flamingo-trained-here/", import.meta.url));

// The logits of this checkpoint in open_flamingo are compared with ours in families.test.ts, as those of the other cases.
describeDevices("a Flamingo that is trained here for 20 steps", (device) => {
  // Twenty steps are slow on an emulated GPU.
  test.skipIf(device === "webgpu")("is the checkpoint that open_flamingo was given", async () => {
    const weights = await trainedFlamingo(20);
    const numbers = await weights.save();
    const frozen = frozenNames(tripConfig);
    for (const [file, names] of [
      ["weights", checkpointNames(tripConfig)],
      ["frozen-vision", frozen.vision],
      ["frozen-lang", frozen.language],
    ] as const) {
      const { tensors } = await loadWeights(`${folder}${file}.safetensors`);
      expect([...tensors.keys()].sort()).toEqual(names.map(({ theirs }) => theirs).sort());
      for (const each of names) {
        const { data } = toTheirs(each, (name) => numbers.get(name)!);
        expect(relativeError(data, numbersOf(tensors.get(each.theirs)!).data), each.theirs).toBeLessThan(0.01);
      }
    }
    weights.dispose();
  });
});
