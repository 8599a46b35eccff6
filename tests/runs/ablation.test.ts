import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { describeStarts, describeWeights } from "../../src/core/describeWeights.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { openStarts } from "../../src/models/loadPretrained.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { type Ablation, ablationRuns, measured, parseAblation } from "../../src/runs/ablation.ts";
import { ablationMarkdown, ablationTable, type Outcome } from "../../src/runs/ablationTable.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { readTemplate } from "../../src/runs/templates.ts";
import { fakePipeline } from "./fakeLibrary.ts";

const base = parsePipeline(fakePipeline(), "test");

function ablation(changes: Partial<Ablation> = {}): Ablation {
  return parseAblation(
    {
      ...{ format: "flamingo-ablation", version: 1, name: "Widths", base: "any", seeds: [1, 2, 3], better: "lower" },
      measure: { channel: "loss", last: 2 },
      paper: { what: "score", base: 70 },
      changes: [
        { name: "wider", set: { "layer.config.width": 8 }, paper: 71 },
        { name: "plain", set: { "layer.config": null } },
      ],
      ...changes,
    },
    "test",
  );
}

test("runs come seed by seed, the base first, and the same computation has the same id whatever its ablation", () => {
  const runs = ablationRuns(ablation(), base);
  expect(runs.map(({ change, seed }) => [change, seed])).toEqual(
    [1, 2, 3].flatMap((seed) => [undefined, "wider", "plain"].map((change) => [change, seed])),
  );
  expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
  const other = ablationRuns(ablation({ name: "Another", seeds: [2] }), { ...base, description: "renamed" });
  expect(other.map(({ id }) => id)).toEqual(runs.slice(3, 6).map(({ id }) => id));
  const [longer] = ablationRuns(ablation({ steps: 5 }), base);
  expect(longer!.id).not.toBe(runs[0]!.id);
});

test("a change sets values by their path, null removes what is there, and the base stays as it is", () => {
  const [, wider, plain] = ablationRuns(ablation(), base);
  expect(wider!.pipeline.nodes.layer!.config).toMatchObject({ width: 8 });
  expect(plain!.pipeline.nodes.layer!.config).toEqual({});
  expect(base.nodes.layer).toEqual(parsePipeline(fakePipeline(), "test").nodes.layer);
  const lost = ablation({ changes: [{ name: "lost", set: { "nowhere.config.width": 1 } }] });
  expect(() => ablationRuns(lost, base)).toThrow('the change "lost" sets nowhere.config.width');
});

test("a file that is none is refused, and the place is named", () => {
  const parse = () => parseAblation({ format: "flamingo-ablation", version: 1, name: "x", seeds: [] }, "mine.json");
  expect(parse).toThrow(/^mine\.json: base: /);
});

test("a run is judged by its loss, a result or a point of a curve", () => {
  const bodies = [
    ...[4, 3, 1].map((total, at) => ({ channel: "loss", step: at + 1, value: { total } })),
    {
      channel: "results",
      value: {
        ...{ node: "e", set: "held", title: "Held out" },
        metrics: [{ metric: "top1", title: "Top 1", value: 0.6, low: 0.5, high: 0.7, count: 9 }],
      },
    },
    {
      channel: "fewShot",
      value: {
        ...{ node: "f", set: "held", title: "Held out", choice: "random" },
        points: [{ shots: 4, value: 0.3, low: 0.2, high: 0.4, count: 9, hits: 3 }],
      },
    },
  ];
  const state = foldRecords(
    emptyRun(),
    bodies.map((body, seq) => ({ seq, time: seq, ...body })),
  );
  expect(measured(state, ablation())).toBe(2);
  const by = (measure: Ablation["measure"]) => measured(state, ablation({ measure }));
  expect(by({ channel: "results", set: "held", metric: "top1" })).toBe(0.6);
  expect(by({ channel: "results", set: "held", metric: "cider" })).toBeUndefined();
  expect(by({ channel: "fewShot", set: "held", choice: "random", shots: 4 })).toBe(0.3);
  expect(by({ channel: "fewShot", set: "held", choice: "similar", shots: 4 })).toBeUndefined();
});

/** Outcomes by change, a value for each of the seeds 1, 2, 3. */
function outcomes(values: Record<string, (number | undefined)[]>): Outcome[] {
  return Object.entries(values).flatMap(([change, all]) =>
    all.map((value, at) => ({ change: change === "base" ? undefined : change, seed: at + 1, value, seconds: 10 })),
  );
}

test("differences are from the base with the same seed, so a spread over seeds that all share does not hide them", () => {
  const table = ablationTable(ablation(), outcomes({ base: [5, 3, 1], wider: [4.9, 2.8, 0.9], plain: [5.1, 2.9, 1] }));
  const [own, wider, plain] = table.rows;
  expect(own).toMatchObject({ change: "base", mean: 3, spread: 2, difference: null, verdict: null });
  expect(wider!.difference).toBeCloseTo(-0.4 / 3);
  expect(wider!.margin).toBeCloseTo((4.303 * Math.sqrt(0.01 / 3)) / Math.sqrt(3));
  expect(wider!.paper).toBe(1);
  expect(wider!.verdict).toBe("unclear"); // within the margin, though beyond two standard errors: three seeds are few
  const clear = ablationTable(ablation(), outcomes({ base: [5, 3, 1], wider: [4.9, 2.88, 0.9] })).rows[1]!;
  expect(clear.verdict).toBe("agrees"); // lower is better here, and the paper's is a gain
  expect(plain!.verdict).toBeNull(); // the paper has no number for it
  expect(table.total).toBe(90);
});

test.each([
  ["disagrees", [5.1, 3.12, 1.1]],
  ["unclear", [5.3, 2.7, 1]],
  ["no number", [undefined, undefined, undefined]],
] as const)("a direction %s", (verdict, wider) => {
  const table = ablationTable(ablation(), outcomes({ base: [5, 3, 1], wider: [...wider] }));
  expect(table.rows[1]!.verdict).toBe(verdict);
  const markdown = ablationMarkdown(table);
  expect(markdown).toMatch(new RegExp(`\\| wider \\|.*\\| ${verdict} \\|`));
  expect(markdown).toContain("Of 1 directions that the paper has");
});

test("every row of the shipped table is a pipeline that compiles, whose frozen parts find their weights, and differs from the base", async () => {
  const file = "editor/ablations/table-3.json";
  const shipped = parseAblation(JSON.parse(readFileSync(file, "utf8")), file);
  const runs = ablationRuns({ ...shipped, seeds: [1] }, await readTemplate(shipped.base as string));
  expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
  expect(runs.length).toBeGreaterThan(12);
  for (const { pipeline } of runs) {
    compile(pipeline, catalog);
    const { type, config } = pipeline.nodes.flamingo!;
    const options = { path: "flamingo", find: findBlock };
    const weights = describeWeights(findBlock(type)!, config, options);
    expect(weights.some(({ frozen }) => !frozen)).toBe(true);
    openStarts(describeStarts(findBlock(type)!, config, options), weights); // throws where a frozen weight has none
  }
});
