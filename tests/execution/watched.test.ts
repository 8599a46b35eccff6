import { join } from "node:path";
import { expect, test } from "vitest";
import { type Gate, weightName } from "../../src/channels/gates.ts";
import { placeName } from "../../src/channels/place.ts";
import { partName } from "../../src/channels/weights.ts";
import { loadCheckpoint } from "../../src/training/checkpoint.ts";
import { carryOut, newestOf, newRun, smallPipeline, valuesOf } from "./smallRun.ts";

test("a run tells what its layers learn and what they add, every so many steps", async () => {
  const pipeline = smallPipeline({
    config: { train: { steps: 50, checkpointEvery: 49 }, samples: { every: 50 } },
    without: ["evaluate"],
  });
  const { outcome, records, folder } = await carryOut(await newRun(pipeline));
  expect(outcome).toBe("succeeded");

  // The gates of a step are tanh of those in its checkpoint, to the last bit.
  const [told, ...values] = valuesOf(records, "gates");
  const { gates: names } = told!.value as { gates: Gate[] };
  const { step, weights: stored } = await newestOf(folder);
  expect(names).toHaveLength(4);
  expect(values.find((each) => each.step === step)!.value).toEqual(
    names.map((gate) => Math.tanh(stored.get(weightName(gate))!.data[0]!)),
  );

  const [first, second, ...more] = valuesOf(records, "weights");
  const parts = (first!.value as { parts: Parameters<typeof partName>[0][] }).parts.map(partName);
  expect(parts).toContain("language.gated_cross_attn_layers.1 (gate)");
  expect(parts).toContain("language.gated_cross_attn_layers.1 (new)");
  expect(new Set(parts).size).toBe(parts.length);
  expect(more).toEqual([]);
  const { gradient, update, weight } = second!.value as Record<"gradient" | "update" | "weight", number[]>;
  expect([gradient, update, weight].map(({ length }) => length)).toEqual(
    [parts, parts, parts].map(({ length }) => length),
  );
  // All parts together are the gradient norm that the optimizer tells.
  const whole = valuesOf(records, "optimizer").find(({ step }) => step === 50)!.value.norm;
  expect(Math.sqrt(gradient.reduce((sum, value) => sum + value ** 2, 0))).toBeCloseTo(whole, 4);
  // The weight norm of the gates is that of the gates of the step before.
  const before = valuesOf(records, "gates").find(({ step }) => step === 49)!.value as number[];
  const gates = before.slice(0, 2).map((value) => Math.atanh(value) ** 2);
  const part = parts.indexOf("language.gated_cross_attn_layers.0 (gate)");
  expect(weight[part]).toBeCloseTo(Math.sqrt(gates[0]! + gates[1]!), 4);

  // Histograms of the weights before the step are those of the checkpoint before; of gradients, their norm is that of the part.
  const [spreads, ...none] = valuesOf(records, "histograms").filter(({ value }) => value[0]!.of === "weights");
  expect([spreads!.step, none.length]).toEqual([50, 0]);
  const stem = "language.gated_cross_attn_layers.1";
  const checkpoint = await loadCheckpoint(join(folder, "checkpoints", "step-000049.safetensors"));
  const numbers = [...checkpoint.weights]
    .filter(([name]) => name.startsWith(`${stem}.`) && !name.endsWith("gate"))
    .flatMap(([, { data }]) => [...data]);
  const spreadOf = (of: string) =>
    spreads!.value.find((each) => each.of === of && placeName(each) === stem && each.group === "new")!.histogram;
  const { min, max, sum, counts } = spreadOf("weights");
  expect([min, max]).toEqual([Math.min(...numbers), Math.max(...numbers)]);
  expect(sum).toBeCloseTo(
    numbers.reduce((total, value) => total + value, 0),
    3,
  );
  expect(counts.reduce((total, count) => total + count, 0)).toBe(numbers.length);
  expect(Math.sqrt(spreadOf("gradients").squaredSum)).toBeCloseTo(gradient[parts.indexOf(`${stem} (new)`)]!, 4);
  const activations = valuesOf(records, "histograms").find(({ value }) => value[0]!.of === "activations")!;
  expect(activations.value.map(placeName)).toEqual([
    "resampler",
    ...[0, 1].flatMap((at) => [`language.gated_cross_attn_layers.${at}`, `language.layers.${at}`]),
  ]);

  const [added] = valuesOf(records, "stream");
  expect(added!.step).toBe(50);
  expect(added!.value.map(({ update }) => update)).toEqual(
    [0, 1].flatMap(() => ["MaskedCrossAttention", "FeedForward"]),
  );
  for (const { added: norm } of added!.value) expect(norm).toBeGreaterThan(0);
  const [looked] = valuesOf(records, "entropy");
  expect(looked!.value).toHaveLength(2);
  for (const { heads, even } of looked!.value) {
    expect(even).toBeCloseTo(Math.log(2), 6); // two latents of the last image
    for (const head of heads) expect(head).toBeLessThanOrEqual(even + 1e-6);
  }

  // Gates start closed, so that at step 0 the image is worth nothing, to the last bit.
  const [closed, open] = valuesOf(records, "lens");
  expect([closed!.step, open!.step]).toEqual([0, 50]);
  for (const { seen, masked, layers, tokens } of closed!.value) {
    expect(seen).toEqual(masked);
    expect([seen.length, seen[0]!.length]).toEqual([layers.length, tokens.length]);
  }
  expect(open!.value.some(({ seen, masked }) => String(seen) !== String(masked))).toBe(true);
});
