import { expect, test } from "vitest";
import { changesOf } from "../../src/runs/changes.ts";
import type { RecordBody } from "../../src/runs/record.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";

function changes(records: readonly RecordBody[]) {
  return changesOf(
    foldRecords(
      emptyRun(),
      records.map((record, seq) => ({ seq, time: 0, ...record })),
    ),
  );
}

const gate = (layer: number) => ({ node: "flamingo", path: [`${layer}`], layer, update: "Masked cross-attention" });

test("a gate opens at the first step at which |tanh| is 0.05; one that stays closed is not told", () => {
  const steps = Array.from({ length: 40 }, (_, at) => at + 1);
  const found = changes([
    { channel: "gates", value: { gates: [gate(0), gate(1), gate(2)] } },
    ...steps.map((step): RecordBody => ({ channel: "gates", step, value: [0.01, -step / 400, step === 7 ? 0.2 : 0] })),
  ]);
  expect(found.map(({ step, kind }) => [step, kind])).toEqual([[7, "gate"], [20, "gate"]]); // biome-ignore format: pairs
  expect(found[1]!.text).toBe("layer 2, masked cross-attention opened: tanh(α) is -0.050");
});

test("a caption that is right is told once, when it is right first", () => {
  const samples = (step: number, caption: string): RecordBody => ({
    channel: "samples",
    step,
    value: [{ image: 3, label: "red hat", caption }],
  });
  const found = changes([samples(0, "hat"), samples(5, "Red hat."), samples(10, "hat"), samples(15, "red hat")]);
  expect(found).toEqual([{ step: 5, kind: "caption", text: "“red hat” is captioned right" }]);
});

test("a loss far above those before it is a spike, and a gradient that is not finite skips its step; noise is neither", () => {
  const records = Array.from({ length: 200 }, (_, at): RecordBody[] => {
    const [step, noise] = [at + 1, Math.sin(at * at)];
    return [
      { channel: "loss", step, value: { total: step === 120 || step === 121 ? 30 : 2 + 0.3 * noise } },
      { channel: "optimizer", step, value: { rate: 1, norm: step === 60 ? Number.POSITIVE_INFINITY : 1 } },
    ];
  }).flat();
  expect(changes(records).map(({ step, kind }) => [step, kind])).toEqual([[60, "skipped"], [120, "spike"], [121, "spike"]]); // biome-ignore format: pairs
  expect(changes(records.filter(({ step }) => step! < 60))).toEqual([]);
});
