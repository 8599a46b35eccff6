import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnyChannel, LogRecord } from "../../src/channels/channel.ts";
import { channels } from "../../src/channels/channels.ts";
import { printCsv } from "../../src/channels/csv.ts";
import { figurePlotly } from "../../src/figures/plotly.ts";
import { figureSvg, sparkSvg } from "../../src/figures/svg/figure.ts";
import { figureText } from "../../src/figures/text.ts";
import { lifecycle } from "../../src/runs/record.ts";
import { plain } from "../runs/plain.ts";
import { logArbitrary } from "../runs/recordArbitrary.ts";

const all = channels as readonly AnyChannel[];
const frame = { step: 40, steps: 50 };

function stateOf(channel: AnyChannel, records: readonly LogRecord[]): unknown {
  return records
    .filter((record) => record.channel === channel.name)
    .reduce((state, record) => channel.fold(state, channel.value.parse(record.value), record), channel.empty);
}

test("every channel has a name of its own, and one that no record of a run's course has", () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name } of all) expect(Object.keys(lifecycle)).not.toContain(name);
});

describe.each(all.map((channel) => [channel.name, channel] as const))("the channel %s", (_, channel) => {
  const states = logArbitrary.map((records) => stateOf(channel, records));

  test("says in a sentence what its panel shows, and its view has a default and a title for each field", () => {
    expect(channel.summary).toMatch(/^[a-zA-Z].*\.$/);
    const view = channel.view?.parse({}) ?? {};
    for (const [key, field] of Object.entries(channel.view?.shape ?? {})) {
      expect(view).toHaveProperty([key]);
      expect((field as { meta(): { title?: string } }).meta().title).toMatch(/\S/);
    }
  });

  test("rewound to a step is as if what came after it had never been", () => {
    fc.assert(
      fc.property(logArbitrary, fc.nat(40), (records, last) => {
        const inOrder = records
          .filter(({ channel: name, step }) => name === channel.name && step !== undefined)
          .sort((a, b) => a.step! - b.step!);
        const before = inOrder.filter(({ step }) => step! <= last);
        const rewound = channel.rewind(stateOf(channel, inOrder), last);
        expect(plain(channel.table(rewound))).toEqual(plain(channel.table(stateOf(channel, before))));
      }),
    );
  });

  test("gives rows as wide as its columns, and CSV that has them all", () => {
    fc.assert(
      fc.property(states, (state) => {
        const { columns, rows } = channel.table(state);
        for (const row of rows) expect(row).toHaveLength(columns.length);
        expect(printCsv({ columns, rows }).split("\r\n").length).toBeGreaterThanOrEqual(rows.length + 2);
      }),
    );
  });

  test("makes a figure that every renderer draws, of whatever it holds", () => {
    fc.assert(
      fc.property(states, fc.boolean(), (state, yes) => {
        const switches = Object.entries(channel.view?.shape ?? {}).filter(([, field]) => {
          return (field as { parse(value: unknown): unknown }).parse(undefined) === false;
        });
        const view = channel.view?.parse(Object.fromEntries(switches.map(([key]) => [key, yes]))) ?? {};
        const figure = channel.figure?.(state, view, frame);
        if (!figure) return;
        const svg = figureSvg(figure).replace(/<title>.*?<\/title>/g, "");
        expect(svg.replace(/>[^<]*</g, "><")).not.toMatch(/NaN|Infinity|undefined/);
        const plotly = figurePlotly(figure);
        expect(JSON.parse(JSON.stringify(plotly))).toEqual(plotly);
        expect(figureText(figure)).toMatch(/\S/);
      }),
      { numRuns: 40 },
    );
  });

  test("makes small figures for cards of nodes that it has something of", () => {
    fc.assert(
      fc.property(
        states,
        fc.constantFrom("train", "images"),
        fc.constantFrom("Loss", "Fusion"),
        (state, id, category) => {
          const card = channel.card?.(state, { id, category }, frame);
          if (!card) return;
          expect(sparkSvg(card.panel, 184, 32, "light")).toMatch(/^<svg/);
          expect(`${card.caption}${card.value}${card.hint}`).not.toContain("undefined");
        },
      ),
      { numRuns: 40 },
    );
  });
});
