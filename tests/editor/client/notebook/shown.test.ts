import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromCodePoints, toCodePoints } from "../../../../editor/client/notebook/document/codePoints.ts";
import { parseAnsi, stripAnsi } from "../../../../editor/client/notebook/show/ansi.ts";
import { formatElapsed } from "../../../../editor/client/notebook/show/elapsed.ts";
import { figureHeight, readFigure, themed } from "../../../../editor/client/notebook/show/plotlyFigure.ts";
import { richestForm } from "../../../../editor/client/notebook/show/richest.ts";
import { lastLines, overwrite } from "../../../../editor/client/notebook/show/terminalLines.ts";

const esc = "\u001b";

describe("terminal text", () => {
  test("is split by its colours", () => {
    expect(parseAnsi(`plain ${esc}[1;31mred${esc}[0m ${esc}[38;5;196mcube${esc}[39m${esc}[48;2;1;2;3mback`)).toEqual([
      { text: "plain " },
      { text: "red", bold: true, color: "red" },
      { text: " " },
      { text: "cube", color: "rgb(255, 0, 0)" },
      { text: "back", background: "rgb(1, 2, 3)" },
    ]);
    expect(parseAnsi(`${esc}[7;32mturned`)).toEqual([{ text: "turned", color: "background", background: "green" }]);
  });

  test("loses its control sequences and no other sign", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.constantFrom("[31m", "[2K", "[0m").map((code) => esc + code),
          ),
        ),
        (parts) => {
          const text = parts.join("");
          expect(
            parseAnsi(text)
              .map((span) => span.text)
              .join(""),
          ).toBe(stripAnsi(text));
        },
      ),
    );
    expect(stripAnsi(`a${esc}[2Kb${esc}]0;title\u0007c`)).toBe("abc");
  });

  test("is written over after a carriage return, as a progress bar does", () => {
    expect(overwrite("10%\r50%\r100%\ndone")).toBe("100%\ndone");
    expect(overwrite("long line\rab\r\nnext")).toBe("abng line\nnext");
    expect(overwrite("ab\b\bc")).toBe("cb");
    expect(overwrite("untouched\n")).toBe("untouched\n");
  });

  test("is clipped to its last lines", () => {
    expect(lastLines("a\nb\nc\n", 2)).toEqual({ text: "b\nc\n", hidden: 1, lines: 3 });
    expect(lastLines("a\nb", 2)).toEqual({ text: "a\nb", hidden: 0, lines: 2 });
  });
});

const plotly = "application/vnd.plotly.v1+json";

describe("the form of a value that is shown", () => {
  test("is the richest that is there", () => {
    expect(richestForm({ "text/plain": "a", "image/png": "b", "text/html": "<b>c</b>" })).toBe("text/html");
    expect(richestForm({ "text/plain": "a", [plotly]: {}, "text/html": "<svg></svg>" })).toBe("text/html");
    expect(richestForm({ "text/plain": "a", [plotly]: {}, "image/png": "b" })).toBe(plotly);
    expect(richestForm({ "application/vnd.unknown": 1, "text/plain": "a" })).toBe("text/plain");
    expect(richestForm({ "application/vnd.unknown": 1 })).toBeUndefined();
  });

  test("is a picture where the HTML needs its script, which may not run", () => {
    expect(richestForm({ "text/html": "<div></div><script>draw()</script>", "image/png": "a" })).toBe("image/png");
    expect(richestForm({ "text/html": "<div></div><script>draw()</script>", [plotly]: {} })).toBe(plotly);
    expect(richestForm({ "text/html": "<p>words</p><script>more()</script>", "text/plain": "a" })).toBe("text/html");
  });
});

describe("a figure", () => {
  const figure = readFigure({
    data: [{ x: [0], y: [1] }],
    layout: { height: 240, xaxis: { title: { text: "step" } } },
  })!;

  test("takes the page's colours where it has none of its own", () => {
    const { layout, config } = themed(figure, "dark");
    expect(layout).toMatchObject({
      paper_bgcolor: "rgba(0,0,0,0)",
      xaxis: { title: { text: "step" } },
      autosize: true,
    });
    expect(layout.xaxis).toHaveProperty("gridcolor");
    expect(themed({ ...figure, layout: { font: { color: "red" } } }, "dark").layout.font).toMatchObject({
      color: "red",
    });
    expect(config).toMatchObject({ displaylogo: false });
  });

  test("is not the object that Plotly writes into", () => {
    expect(themed(figure, "light").data[0]).not.toBe(figure.data[0]);
  });

  test("has a height before it is drawn", () => {
    expect(figureHeight(figure)).toBe(240);
    expect(figureHeight({ ...figure, layout: {} })).toBeGreaterThan(100);
  });

  test("that is none is refused", () => {
    for (const content of [undefined, null, "text", { data: 3 }, { data: [], layout: [] }])
      expect(readFigure(content)).toBeUndefined();
  });
});

test("a cursor's place is the same in code points and back", () => {
  expect(toCodePoints("a🦩b", 3)).toBe(2);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(), (text, place) => {
      const points = place % ([...text].length + 1);
      expect(toCodePoints(text, fromCodePoints(text, points))).toBe(points);
    }),
  );
});

test("times are told in the unit that fits", () => {
  expect([0.4, 12, 3449, 59_999, 133_000].map(formatElapsed)).toEqual([
    "0 ms",
    "12 ms",
    "3.4 s",
    "59.9 s",
    "2 min 13 s",
  ]);
});
