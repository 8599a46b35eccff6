import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Print, PrintGatherer } from "../../../kernel/wire/printGatherer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const prints = fc.array(
  fc.record({
    parent: fc.constantFrom("a", "b"),
    stream: fc.constantFrom("stdout" as const, "stderr" as const),
    text: fc.string({ minLength: 1 }),
  }),
);

/** The text of each cell and stream, in order, with what stands between. */
const told = (all: Print[]) => {
  const runs: Print[] = [];
  for (const print of all) {
    const last = runs.at(-1);
    if (last?.parent === print.parent && last.stream === print.stream) last.text += print.text;
    else runs.push({ ...print });
  }
  return runs;
};

describe("printed text that is gathered", () => {
  test("is all there, in order, in as few messages as cells and streams take turns", () => {
    fc.assert(
      fc.property(prints, (all) => {
        const published: Print[] = [];
        const gatherer = new PrintGatherer((print) => published.push(print));
        for (const print of all) gatherer.add(print);
        gatherer.flush();
        expect(published).toEqual(told(all));
      }),
    );
  });

  test("waits for more, but not for long, and not when there is much", () => {
    const published: Print[] = [];
    const gatherer = new PrintGatherer((print) => published.push(print));
    const print = (text: string) => gatherer.add({ parent: "a", stream: "stdout", text });
    print("a");
    print("b");
    expect(published).toEqual([]);
    vi.advanceTimersByTime(25);
    expect(published.map(({ text }) => text)).toEqual(["ab"]);
    print("x".repeat(10_000_000));
    expect(published).toHaveLength(2);
    vi.advanceTimersByTime(1_000);
    gatherer.flush();
    expect(published).toHaveLength(2);
  });
});
