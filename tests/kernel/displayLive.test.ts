import { describe, expect, test } from "vitest";
import { LiveDisplay } from "../../kernel/display/live.ts";
import { RecordedCell } from "./recordedCell.ts";

const textOf = (bundle: { data: Record<string, unknown> } | undefined) => bundle?.data["text/plain"];

describe("a cell's result", () => {
  test("is nothing for undefined, and the value's bundle else", async () => {
    const cell = new RecordedCell();
    expect(await cell.run(() => undefined)).toBeUndefined();
    expect(textOf(await cell.run(() => 42))).toBe("42");
    expect(cell.displays).toEqual([]);
  });
});

describe("an async iterable", () => {
  test("streams into one display that ends with its last value", async () => {
    const cell = new RecordedCell();
    const result = await cell.run(async function* () {
      for (let value = 0; value < 500; value++) yield value;
    });
    expect(result).toBeUndefined();
    expect(cell.displays).toHaveLength(1);
    const { bundles } = cell.displays[0]!;
    expect(textOf(bundles.at(-1))).toBe("499");
    expect(bundles.length).toBeLessThan(100); // not one for each value
  });

  test("shows nothing where it gives nothing", async () => {
    const cell = new RecordedCell();
    await cell.run(async function* () {});
    expect(cell.displays).toEqual([]);
  });

  test("that fails leaves its last value, and the error goes on", async () => {
    const cell = new RecordedCell();
    const failing = cell.run(async function* () {
      yield "before";
      throw new Error("broke");
    });
    await expect(failing).rejects.toThrow("broke");
    expect(textOf(cell.displays[0]!.bundles.at(-1))).toBe("'before'");
  });

  test("ends when the cell is interrupted, also where it never answers, and is told so", async () => {
    const cell = new RecordedCell();
    let told = false;
    cell.onShow = () => cell.interrupt();
    await cell.run(async function* () {
      try {
        yield "first";
        for (let value = 0; ; value++) {
          await new Promise((resolve) => setImmediate(resolve));
          yield value;
        }
      } finally {
        told = true;
      }
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBe(true);
    const silent = new RecordedCell();
    silent.onShow = () => silent.interrupt();
    await silent.run(async function* () {
      yield "last";
      await new Promise(() => {});
    });
    expect(textOf(silent.displays[0]!.bundles.at(-1))).toBe("'last'");
  });

  test("a stream of bytes is a value like others: it stays unread", async () => {
    const { Readable } = await import("node:stream");
    const stream = Readable.from(["a", "b"]);
    const cell = new RecordedCell();
    expect(textOf(await cell.run(() => stream))).toMatch(/Readable/);
    expect(stream.readableDidRead).toBe(false);
  });
});

describe("a live display", () => {
  test("shows light pictures first, never two at once, and a complete one at last", async () => {
    const cell = new RecordedCell();
    const live = new LiveDisplay(cell, 0);
    const asked: boolean[] = [];
    let busy = 0;
    const draw = async ({ light = false }: { light?: boolean }) => {
      expect(++busy).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      asked.push(light);
      return { data: { "text/plain": light ? "light" : "complete" } };
    };
    for (let index = 0; index < 20; index++) {
      live.show(draw);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await live.finish();
    live.show(draw); // too late
    await new Promise((resolve) => setImmediate(resolve));
    expect(cell.displays).toHaveLength(1);
    expect(asked.slice(0, -1).every(Boolean)).toBe(true);
    expect(textOf(cell.displays[0]!.bundles.at(-1))).toBe("complete");
  });

  test("a picture that cannot be drawn is passed over, and the next one is shown", async () => {
    const cell = new RecordedCell();
    const live = new LiveDisplay(cell, 0);
    live.show(() => {
      throw new Error("no ink");
    });
    live.show(() => ({ data: { "text/plain": "drawn" } }));
    await live.finish();
    expect(textOf(cell.displays[0]!.bundles.at(-1))).toBe("drawn");
  });

  test("waits for work, and tells the work's error where the last picture fails too", async () => {
    const spoilt = () => {
      throw new Error("no ink");
    };
    const live = () => {
      const display = new LiveDisplay(new RecordedCell(), 0);
      display.show(spoilt);
      return display;
    };
    await expect(live().finishAfter(Promise.reject(new Error("diverged")))).rejects.toThrow("diverged");
    await expect(live().finishAfter(Promise.resolve())).rejects.toThrow("no ink");
  });
});
