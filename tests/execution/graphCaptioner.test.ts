import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { assignNumbers } from "../../src/engine/readings/weights.ts";
import { dispose, reshape, slice, tensor, tidy } from "../../src/engine/tensor.ts";
import { type Continuation, WholeText } from "../../src/evaluation/continuation.ts";
import { generate } from "../../src/evaluation/generate.ts";
import { type CaptionTask, captionTask } from "../../src/execution/captionTask.ts";
import { captioningNode } from "../../src/execution/evaluateRun.ts";
import { toTensors } from "../../src/execution/graph.ts";
import { type Prepared, prepareRun } from "../../src/execution/prepare.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { newRun, quietly, smallPipeline } from "./smallRun.ts";

let prepared: Prepared;
let task: CaptionTask;
beforeAll(async () => {
  const record = await readRun(await newRun(smallPipeline()));
  prepared = await prepareRun(record, quietly("wasm"));
  task = captionTask({ ...prepared, node: captioningNode(prepared.graph) });
});
afterAll(() => prepared.graph.weights.dispose());

/** Opens or closes all gates. */
function setGates(value: number): void {
  for (const { role, shape, variable } of prepared.graph.weights.all())
    if (role === "gate") assignNumbers(variable, { shape, data: Float32Array.of(value) });
}

const each = 16 * 16 * 3;
const pictures = Float32Array.from({ length: 3 * each }, (_, at) => Math.sin(at * at));
const row = () => [task.tokens.bos, task.tokens.image, 40, 50, task.tokens.endOfChunk];

describe("a captioner made of a graph", () => {
  test("with closed gates says what the language model alone says, to the last bit", async () => {
    setGates(0);
    const ids = Int32Array.from([...row(), ...row()]);
    const seen = task.captioner.look(pictures.slice(0, 2 * each), 2);
    const [together, alone] = [task.captioner.logits(seen, [0, 1], ids), task.captioner.alone(ids, 2)!];
    expect(await together.data()).toEqual(await alone.data());
    seen.dispose();
  });

  test("lets each row read its own picture, whatever others are looked at, and as often as asked", async () => {
    setGates(1);
    const seen = task.captioner.look(pictures, 3);
    const order = [2, 0, 2, 1];
    const ids = Int32Array.from(order.flatMap(row));
    const logits = task.captioner.logits(seen, order, ids);
    const size = logits.size / order.length;
    const together = await logits.data();
    for (const [index, picture] of order.entries()) {
      const single = task.captioner.look(pictures.slice(picture * each, (picture + 1) * each), 1);
      const own = await task.captioner.logits(single, [0], Int32Array.from(row())).data();
      expect(together.slice(index * size, (index + 1) * size)).toBeAllclose(own, { relative: 1e-4, absolute: 1e-5 });
      single.dispose();
    }
    expect(together.slice(0, size)).toEqual(together.slice(2 * size, 3 * size));
    expect(together.slice(0, size)).not.toEqual(together.slice(size, 2 * size));
    seen.dispose();
  });

  test("goes on with a text piece by piece as it reads the whole of it, each row with its own picture", async () => {
    setGates(1);
    const before = countTensors();
    const seen = task.captioner.look(pictures, 3);
    const order = [2, 0, 2];
    const texts = task.captioner.goOn(seen, order);
    const read = order.map(() => [task.tokens.bos, task.tokens.image]);
    for (const word of [40, 50, 60]) {
      const length = read[0]!.length;
      const logits = texts.read(Int32Array.from(word === 40 ? read.flat() : read.map((text) => text.at(-1)!)));
      const whole = task.captioner.logits(seen, order, Int32Array.from(read.flat()));
      const ends = tidy(() => reshape(slice(whole, [0, length - 1, 0], [3, 1, -1]), logits.shape));
      await expect(logits).toBeAllclose(ends, { relative: 1e-3, absolute: 1e-4 });
      dispose([logits, whole, ends]);
      for (const [row, text] of read.entries()) text.push(word + row);
    }
    expect(texts.wholeBecause).toBeUndefined();
    texts.dispose();
    seen.dispose();
    expect(countTensors()).toBe(before);
  });

  test("has no language model alone where the pictures are needed", async () => {
    const { graph } = prepared;
    const optional = graph.isOptional.bind(graph);
    graph.isOptional = () => false;
    expect(task.captioner.alone(Int32Array.from(row()), 1)).toBeUndefined();
    graph.isOptional = optional;
  });
});

describe("a graph", () => {
  test("knows what does not change while it learns: the encoder, not what comes after", () => {
    const { graph } = prepared;
    expect(["encoder", "resampler", "language", "loss"].map((id) => graph.isFixed(id))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(graph.blocksUpTo("loss")).toEqual(["encoder", "resampler", "language", "loss"]);
    expect(graph.sourcesOf("resampler").map(({ id }) => id)).toEqual(["data"]);
  });

  test("computes what is asked for and keeps what was given", async () => {
    const { graph, sources } = prepared;
    const given = toTensors(sources.get("data")!.batch(0));
    const values = new Map([["data", given as Record<string, (typeof given)["images"] & {}>]]);
    const { media } = graph.compute("resampler", values);
    expect(media!.shape).toEqual([2, 2, 2, 16]);
    expect([...values.keys()]).toEqual(["data", "encoder", "resampler"]);
    const zeros = tensor(new Float32Array(2 * 2 * 2 * 16), [2, 2, 2, 16]);
    const blind = graph.compute("language", new Map([...values, ["resampler", { media: zeros }]])).logits;
    expect(blind!.shape).toEqual([2, given.ids!.shape[1], 3322]);
  });

  test("says what it lacks", () => {
    expect(() => prepared.graph.compute("loss", new Map())).toThrow('no values were given for "data"');
    expect(() => prepared.graph.node("nowhere")).toThrow('the plan has no node "nowhere"');
  });
});

/** A pipeline whose language model is laid open and rewired: images are looked at after the words were, and once only. */
function rewired() {
  const { vocabulary, newTokens, imageToken, dim, heads, headDim } = smallPipeline().nodes.language!.config as Record<
    string,
    number
  >;
  const { nodes } = smallPipeline({ without: ["language", "train", "samples", "evaluate", "loss"] });
  const wires = [
    "data.images > encoder.images, encoder.features > resampler.features",
    "data.ids > embed.ids, data.ids > locate.ids, embed.hidden > read.hidden",
    "read.hidden > look.text, resampler.media > look.media, locate.locations > look.locations",
    "look.text > add.a, embed.hidden > add.b, add.sum > norm.x, norm.y > score.hidden, embed.table > score.table",
    "score.logits > evaluate.logits",
  ];
  return parsePipeline(
    {
      ...{ format: "flamingo-pipeline", version: 1, name: "Rewired" },
      nodes: {
        ...nodes,
        embed: { type: "TokenEmbedding", config: { vocabulary, newTokens, dim } },
        locate: { type: "MediaLocations", config: { imageToken } },
        read: { type: "DecoderLayer", config: { dim, heads, headDim, alibi: true, ffMult: 2 } },
        look: { type: "GatedXattnDense", config: { dim, visualDim: 16, heads: 2, headDim: 8 } },
        add: { type: "Add", config: {} },
        norm: { type: "LayerNorm", config: { dim } },
        score: { type: "Logits", config: {} },
        evaluate: { type: "Evaluate", config: { examples: 4 } },
      },
      edges: wires
        .join(", ")
        .split(", ")
        .map((wire) => wire.split(" > ").map((end) => end.split(".")))
        .map(([from, to]) => ({ from, to })),
    },
    "the test",
  );
}

test("a graph with its language model rewired goes on piece by piece all the same", async () => {
  const record = await readRun(await newRun(rewired()));
  const { graph, sources } = await prepareRun(record, quietly("wasm"));
  for (const { role, shape, variable } of graph.weights.all())
    if (role === "gate") assignNumbers(variable, { shape, data: Float32Array.of(0.8) });
  const { captioner, tokens } = captionTask({ graph, sources, node: captioningNode(graph) });
  const seen = captioner.look(pictures, 3);
  const options = { most: 5, never: [tokens.pad, tokens.bos, tokens.image] };
  const prompts = [0, 1, 2].map(() => [tokens.bos, tokens.image]);
  const whole = (rows: readonly number[]) =>
    new WholeText(rows.length, (ids) => captioner.logits(seen, rows, ids.dataSync() as Int32Array));
  let texts: Continuation | undefined;
  const open = (rows: readonly number[]) => {
    texts = captioner.goOn(seen, rows);
    return texts;
  };
  const said = await generate(open, prompts, options);
  expect(texts!.wholeBecause).toBeUndefined();
  expect(said).toEqual(await generate(whole, prompts, options));
  seen.dispose();
  graph.weights.dispose();
});
