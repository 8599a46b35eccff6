import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Value } from "../../src/core/call.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { findBlock } from "../../src/core/registry.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, gather, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { type Decoding, openDecoding } from "../../src/evaluation/decoding.ts";
import { generate } from "../../src/evaluation/generate.ts";
import { describeDevices } from "../devices.ts";
import { relativeError } from "./agreement.ts";
import { type FamilyCase, numbersOf, readFamilyCase } from "./familyCase.ts";
import { familyPorts } from "./familyPorts.ts";

const folder = fileURLToPath(new URL("../fixtures/families/", import.meta.url));
const cases = readdirSync(folder).filter((name) => {
  if (!name.startsWith("flamingo-")) return false;
  return "generation" in JSON.parse(readFileSync(join(folder, name, "config.json"), "utf8"));
});

/** The prompts of a batch that is padded on the left, without the padding. */
function promptsOf({ inputs }: FamilyCase): Int32Array[] {
  const [ids, mask] = [numbersOf(inputs.get("lang_x")!), numbersOf(inputs.get("attention_mask")!)];
  const [rows, length] = ids.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => {
    const counts = (_: unknown, at: number) => mask.data[row * length + at] === 1;
    return Int32Array.from(ids.data.subarray(row * length, (row + 1) * length).filter(counts));
  });
}

/** A case whose model continues prompts. */
interface Live {
  read: FamilyCase;
  prompts: Int32Array[];
  open(whole: boolean): (rows: readonly number[]) => Decoding;
}

/** Opens a case, gives it to `use`, and holds nothing afterwards. */
async function withCase(name: string, use: (live: Live) => Promise<void>): Promise<void> {
  const read = await readFamilyCase(join(folder, name));
  const before = countTensors();
  const { model } = read;
  const weights = new Weights(0);
  const block = findBlock(model.block.type)!;
  const given = familyPorts[block.name]!.inputs(read.inputs);
  const held: Tensor[] = Object.values(given);
  const open = (whole: boolean) => (rows: readonly number[]) =>
    openDecoding(
      rows.length,
      weights,
      (readingOf) => {
        const forward = instantiate(block, model.block.config ?? {}, readingOf()) as unknown as (
          inputs: Record<string, Value>,
        ) => Tensor;
        weights.load(read.weights, "", "the case");
        const images = tidy(() => gather(given.images!, tensor(Int32Array.from(rows), [rows.length], "int32")));
        held.push(images);
        return (ids) => forward({ images, ids });
      },
      whole,
    );
  await use({ read, prompts: promptsOf(read), open });
  dispose(held);
  weights.dispose();
  expect(countTensors()).toBe(before);
}

/** New tokens as the reference stores them: the end, then padding. */
function stored({ generation }: FamilyCase, tokens: readonly number[]): number[] {
  const { max_new_tokens: most, eos_token_id: end, pad_token_id: padding } = generation!;
  const ended = tokens.length < most ? [...tokens, end] : [...tokens];
  return [...ended, ...new Array<number>(most - ended.length).fill(padding)];
}

const numbers = ({ expected }: FamilyCase, name: string) => [...numbersOf(expected.get(name)!).data];

describeDevices("continuations of whole Flamingo models", (device) => {
  test.each(cases)("%s: the logits of the first new token, and nothing leaks", (name) =>
    withCase(name, async ({ read, prompts, open }) => {
      const { shape, data } = numbersOf(read.expected.get("greedy_first_logits")!);
      const width = shape.at(-1)!;
      for (const [row, prompt] of prompts.entries()) {
        const text = open(false)([row]);
        const first = text.read(prompt);
        const error = relativeError(await first.data(), data.subarray(row * width, (row + 1) * width));
        expect(error).toBeLessThan(device === "webgpu" ? 1e-3 : 1e-4);
        first.dispose();
        text.dispose();
      }
    }),
  );

  test.each(
    cases.flatMap((name) => [
      [name, "with cached keys and media", false] as const,
      [name, "without a cache", true] as const,
    ]),
  )("%s: greedily, token for token, %s", (name, _, whole) =>
    withCase(name, async ({ read, prompts, open }) => {
      const { max_new_tokens: most, eos_token_id: end } = read.generation!;
      const found = await generate(open(whole), prompts, { most, end });
      expect(found.flatMap(({ tokens }) => stored(read, tokens))).toEqual(numbers(read, "greedy"));
    }),
  );

  test.each(cases)("%s: by beams, token for token, with their scores", (name) =>
    withCase(name, async ({ read, prompts, open }) => {
      const {
        max_new_tokens: most,
        eos_token_id: end,
        num_beams: beams,
        length_penalty: lengthPenalty,
      } = read.generation!;
      const found = await generate(open(false), prompts, { most, end, beams, lengthPenalty });
      expect(found.flatMap(({ tokens }) => stored(read, tokens))).toEqual(numbers(read, "beam3"));
      const scores = found.map(({ score }) => score!);
      expect(scores).toBeAllclose(numbers(read, "beam3_score"), { relative: 1e-3, absolute: 1e-4 });
    }),
  );
});
