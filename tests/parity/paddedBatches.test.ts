import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { type GenerateOptions, generate } from "../../src/evaluation/generate.ts";
import { describeDevices } from "../devices.ts";
import { type FamilyCase, readFamilyCase } from "./familyCase.ts";
import { type FamilyDecoding, openFamily } from "./familyDecoding.ts";

const folder = fileURLToPath(new URL("../fixtures/families/", import.meta.url));
/** Every position code: learnt ones with and without an offset, rotary of whole heads and of parts, scaled, and ALiBi. */
const cases = [
  ...["gpt2", "opt", "gpt-neox", "mpt", "llama-3", "llama-yarn"],
  ...["flamingo-opt-every1", "flamingo-neox-every2-split", "flamingo-mpt-split"],
];
/** One of each, for devices that take long. */
const few = ["opt", "mpt", "llama-3"];
const most = 4;

const ways: [string, Partial<GenerateOptions>][] = [
  ["greedily", {}],
  ["by sampling", { sampling: { seed: 4, topK: 6, topP: 0.9 } }],
  ["by beam search", { beams: 3, lengthPenalty: 1 }],
];

/** Prompts of different lengths, each with the images of one of the case's rows before different tokens. */
function promptsOf({ model, inputs }: FamilyCase): {
  prompts: { ids: number[]; row: number }[];
  imageToken: number | undefined;
} {
  const random = new Random(7);
  const config = (model.block.config ?? {}) as { vocabulary?: number; languageModel?: { config: typeof config } } & {
    imageToken?: number;
  };
  const { vocabulary, imageToken } = config.languageModel?.config ?? config;
  const images = inputs.get("vision_x")?.shape[1] ?? 0;
  const prompts = [5, 8, 3].map((length, at) => {
    const ids = Array.from({ length }, () => random.integer(vocabulary!));
    const places = random.shuffle(Array.from({ length }, (_, place) => place)).slice(0, images);
    const own = ids.map((id) => (id === imageToken ? 0 : id));
    for (const place of places) own[place] = imageToken!;
    return { ids: own, row: at % 2 };
  });
  return { prompts, imageToken };
}

describeDevices("prompts of different lengths in one batch", (device) => {
  async function withCase(name: string, use: (read: FamilyCase, live: FamilyDecoding) => Promise<void>) {
    const read = await readFamilyCase(join(folder, name));
    const before = countTensors();
    const live = openFamily(read);
    await use(read, live);
    live.dispose();
    expect(countTensors()).toBe(before);
  }

  // An emulated GPU takes minutes even for these.
  describe.skipIf(device === "webgpu").each(device === "wasm" ? cases : few)("%s", (name) => {
    test.each(device === "wasm" ? ways : ways.slice(-1))(
      "each continues as it does alone, with and without a KV cache: %s",
      (_, way) =>
        withCase(name, async (read, { open }) => {
          const { prompts, imageToken } = promptsOf(read);
          const ids = prompts.map((each) => each.ids);
          const options: GenerateOptions = {
            most,
            end: 2,
            never: imageToken === undefined ? [] : [imageToken],
            ...way,
          };
          const go = (whole: boolean, more: Partial<GenerateOptions>, kindOf?: (prompt: number) => unknown) =>
            generate(
              (rows) =>
                open(
                  rows.map((each) => prompts[each]!.row),
                  whole,
                ),
              ids,
              { ...options, ...more },
              kindOf,
            );
          const alone = (await go(true, {}, (prompt) => prompt)).map(({ tokens }) => tokens);
          expect(new Set(alone.map(String)).size).toBeGreaterThan(1);
          for (const whole of [true, false])
            expect((await go(whole, { pad: 0 })).map(({ tokens }) => tokens)).toEqual(alone);
        }),
    );
  });

  test.each(device === "wasm" ? cases : few)(
    "%s: what stands at padded positions changes no bit of the others",
    (name) =>
      withCase(name, async (read, { open }) => {
        const { prompts } = promptsOf(read);
        const length = Math.max(...prompts.map(({ ids }) => ids.length));
        const readWith = async (pad: number) => {
          const ids = prompts.flatMap((each) => [
            ...new Array<number>(length - each.ids.length).fill(pad),
            ...each.ids,
          ]);
          const mask = prompts.flatMap((each) =>
            Array.from({ length }, (_, at) => (at < length - each.ids.length ? 0 : 1)),
          );
          const texts = open(prompts.map(({ row }) => row));
          const [first, second] = [
            texts.read(Int32Array.from(ids), Int32Array.from(mask)),
            texts.read(Int32Array.from(prompts, () => 3)),
          ];
          expect(texts.uncachedBecause).toBeUndefined();
          const found = [await first.data(), await second.data()];
          first.dispose();
          second.dispose();
          texts.dispose();
          return found;
        };
        expect(await readWith(1)).toEqual(await readWith(11));
      }),
  );
});
