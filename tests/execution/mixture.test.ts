import { expect, test } from "vitest";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";
import { carryOut, newRun, smallPipeline, valuesOf } from "./smallRun.ts";

const trainOnly = smallPipeline({ without: ["samples", "evaluate"], config: { train: { checkpointEvery: 1 } } });

/** The small pipeline on two datasets, whose losses a mixture takes: the second passes through the same weights. */
function mixed(config: Record<string, unknown>, second: Record<string, unknown> = {}): Pipeline {
  const { nodes, edges } = trainOnly;
  const copied = ["data", "encoder", "resampler", "language", "loss"];
  const copies = copied.map((id) => {
    const node = nodes[id]!;
    const shared = ["encoder", "resampler", "language"].includes(id) ? { shares: id } : {};
    return [`${id}2`, { ...node, ...shared, config: { ...node.config, ...(id === "data" ? second : {}) } }];
  });
  const inner = edges.filter(({ to }) => to[0] !== "train");
  const again = inner.map(({ from, to }) => ({ from: [`${from[0]}2`, from[1]], to: [`${to[0]}2`, to[1]] }));
  const wires = [
    { from: ["loss", "loss"], to: ["mixture", "interleaved"] },
    { from: ["loss2", "loss"], to: ["mixture", "pairs"] },
    { from: ["mixture", "loss"], to: ["train", "loss"] },
  ];
  const mixture = { type: "MixtureLoss", config };
  const all = { ...nodes, ...Object.fromEntries(copies), mixture };
  return parsePipeline({ ...trainOnly, nodes: all, edges: [...inner, ...again, ...wires] }, "the test");
}

async function lossesOf(pipeline: Pipeline) {
  const { records, error } = await carryOut(await newRun(pipeline));
  expect(error).toBeUndefined();
  return valuesOf(records, "loss").map(({ value }) => value);
}

test("accumulation: each step has a loss of each dataset, and their weighted sum", async () => {
  const losses = await lossesOf(mixed({ pairsWeight: 0.25 }, { media: 1 }));
  expect(losses).toHaveLength(6);
  for (const { total, datasets } of losses) {
    expect(Object.keys(datasets!)).toEqual(["interleaved", "pairs"]);
    expect(datasets!.pairs).not.toBe(datasets!.interleaved);
    expect(total).toBeCloseTo(datasets!.interleaved! + 0.25 * datasets!.pairs!, 5);
  }
});

test("the same dataset twice, each with half the weight, trains as it does once", async () => {
  const [once, twice] = [
    await lossesOf(trainOnly),
    await lossesOf(mixed({ interleavedWeight: 0.5, pairsWeight: 0.5 })),
  ];
  twice.forEach(({ total }, step) => {
    expect(total).toBeCloseTo(once[step]!.total, 4);
  });
  expect(once[5]!.total).toBeLessThan(once[0]!.total);
  expect(once[0]!.datasets).toBeUndefined();
});

test("round robin: each step is of one dataset, in turn, each from its first batch on; a resumed run goes on with the right one", async () => {
  const pipeline = mixed({ order: "roundRobin", pairsWeight: 1 });
  const losses = await lossesOf(pipeline);
  expect(losses.map(({ datasets }) => Object.keys(datasets!))).toEqual(
    [0, 1, 2, 3, 4, 5].map((step) => [step % 2 === 0 ? "interleaved" : "pairs"]),
  );
  for (const { total, datasets } of losses) expect(total).toBeCloseTo(Object.values(datasets!)[0]!, 6);
  const folder = await newRun(pipeline);
  const stopped = await carryOut(folder, {
    onRecord: ({ channel, step }, stop) => {
      if (channel === "loss" && step === 3) stop();
    },
  });
  expect(stopped.outcome).toBe("stopped");
  const rest = valuesOf((await carryOut(folder)).records, "loss");
  expect(rest.map(({ value }) => value)).toEqual(losses.slice(-rest.length));
});
