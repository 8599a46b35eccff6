import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { NotebookFigure } from "../../kernel/display/notebookFigure.ts";
import { heatMap } from "../../kernel/notebook/plot.ts";
import type { AttentionFrame } from "../../src/channels/attention.ts";
import { Series } from "../../src/figures/series.ts";
import { runFigure as specification } from "../../src/runs/runFigure.ts";
import { emptyRun, type RunState } from "../../src/runs/state.ts";

const gates = [0, 1].flatMap((layer) =>
  ["Masked cross-attention", "Feed-forward"].map((update) => ({
    node: "model",
    path: [`layers.${layer}`, update],
    layer,
    update,
  })),
);

/** A run of so many steps, with gates. */
function runOf(steps: number, status: RunState["status"] = "running"): RunState {
  const state = emptyRun();
  const step = Array.from({ length: steps }, (_, index) => index + 1);
  const wave = (index: number) => 5 * Math.exp(-index / steps) + Math.sin(index);
  return {
    ...state,
    status,
    steps,
    weights: 100,
    trainable: 40,
    step: steps,
    channels: {
      ...state.channels,
      loss: {
        total: Series.of(
          step,
          step.map((index) => (index === 7 ? Number.NaN : wave(index))),
        ),
        datasets: {},
      },
      time: {
        milliseconds: Series.of(
          step,
          step.map(() => 5),
        ),
        waiting: Series.of(
          step,
          step.map(() => 0.02),
        ),
      },
      gates: {
        gates,
        series: gates.map((_, gate) =>
          Series.of(
            step,
            step.map((index) => Math.tanh((index * (gate + 1)) / steps)),
          ),
        ),
      },
    },
  };
}

const frame: AttentionFrame = {
  step: 10,
  layers: ["a", "b"].map((name) => ({ node: "model", path: [name], type: "GatedXattnDense" })),
  grid: { rows: 2, columns: 2 },
  images: [
    {
      image: 0,
      label: `<b>"heart"</b>`,
      tokens: ["<image>", "red", "<i>&heart"],
      cross: [
        [
          [1, 0],
          [1, 0],
          [0, 1],
        ],
        [
          [1, 0],
          [1, 0],
          [0, 1],
        ],
      ],
      resampler: [
        [1, 0, 0, 0],
        [0, 0.5, 0.5, 0],
      ],
    },
  ],
};

/** A run's figure as a notebook has it. */
function runFigure(state: RunState, name: string, shown?: AttentionFrame): NotebookFigure {
  return new NotebookFigure(specification(state, name, shown));
}

type Trace = { type: string; name?: string; x?: unknown[]; y?: (number | null)[]; z?: unknown[][] };
const traces = (figure: NotebookFigure) => figure.plotly()!.data as Trace[];

describe("a run's figure", () => {
  test("has every form, and each is whole by itself: no script, nothing from a network", async () => {
    const { data } = await runFigure(runOf(50), "small", frame).bundle();
    expect(Object.keys(data).sort()).toEqual([
      "application/vnd.plotly.v1+json",
      "image/png",
      "text/html",
      "text/plain",
    ]);
    const html = String(data["text/html"]);
    expect(html).not.toMatch(/<script|href="http|src="http|url\(http/);
    const { format, width } = await sharp(Buffer.from(String(data["image/png"]), "base64")).metadata();
    expect([format, width! > 1000]).toEqual(["png", true]);
    expect(data["text/plain"]).toMatch(
      /loss \(nats per token\) over step[\s\S]*\|tanh\(α\)\|[\s\S]*Attention of each token/,
    );
    expect(html).toContain("&lt;i&gt;&amp;heart");
    expect(html).not.toContain("<i>&heart");
  });

  test("is drawn without the picture while it moves", async () => {
    const { data } = await runFigure(runOf(50), "small").bundle({ light: true });
    expect(data).not.toHaveProperty("image/png");
    expect(data).toHaveProperty(["application/vnd.plotly.v1+json"]);
  });

  test("of 100,000 steps has at most 2,000 points a trace, and ends where the run ends", () => {
    const figure = runFigure(runOf(100_000), "long");
    const lines = traces(figure).filter(({ type, name }) => type === "scatter" && name !== "not finite");
    expect(lines).toHaveLength(6); // each step, the average, and the gates
    for (const { x = [], y = [] } of lines) {
      expect(x.length).toBeLessThanOrEqual(2000);
      expect(x.length).toBe(y.length);
      expect(x.at(-1)).toBe(100_000);
    }
    expect(figure.svg().length).toBeLessThan(250_000);
  });

  test("labels its axes with units, keeps the zoom, and its numbers are JSON's", () => {
    const plotly = runFigure(runOf(30), "small").plotly()!;
    const layout = plotly.layout as Record<string, { title: { text: string } }> & { uirevision: string };
    expect(layout.yaxis!.title.text).toBe("loss (nats per token)");
    expect(layout.xaxis!.title.text).toBe("step");
    expect(layout.uirevision).toBe((runFigure(runOf(40), "small").plotly()!.layout as typeof layout).uirevision);
    expect(JSON.parse(JSON.stringify(plotly))).toEqual(plotly);
  });

  test("says how it ended, and why it failed", () => {
    const failed = { ...runOf(5, "failed"), error: { code: "NON_FINITE" as const, message: "the loss is <NaN>" } };
    expect(runFigure(failed, "small").text()).toMatch(/failed.*NON_FINITE: the loss is <NaN>/);
    expect(runFigure(failed, "small").svg()).toContain("the loss is &lt;NaN&gt;");
    expect(runFigure(runOf(5, "stopped"), "small").text()).toMatch(/stopped at step 5 of 5/);
  });

  test("says while it trains how much of a step waits for data", () => {
    const train = { state: "running" as const, activity: "training", step: 5, total: 9, since: 0, sinceStep: 0 };
    expect(runFigure({ ...runOf(5), nodes: { train } }, "small").text()).toContain("data 2% of step");
    expect(runFigure(runOf(5, "succeeded"), "small").text()).not.toContain("of step");
  });

  test("can be drawn before anything happened", async () => {
    const { data } = await runFigure(emptyRun(), "new").bundle();
    expect(data["text/plain"]).toMatch(/new: queued/);
    expect(data["image/png"]).toMatch(/\S/);
  });
});

describe("a heat map", () => {
  test("has a cell for each number, with its names, and its values in Plotly's form", () => {
    const values = [
      [0, 1],
      [1, 0],
    ];
    const figure = heatMap(values, { title: "mask", rows: ["<bos>", "red"], columns: ["a", "b"] });
    expect(figure.svg().match(/<rect/g)).toHaveLength(4);
    expect(figure.svg()).toContain("&lt;bos&gt;");
    expect(traces(figure)[0]!.z).toEqual(values);
  });
});
