import { describe, expect, test } from "vitest";
import { Prefetcher } from "../../src/data/prefetcher.ts";
import { formatSources } from "./dataFormats.ts";
import { formatDefinition, openFormat } from "./openFormat.ts";

describe.each(Object.entries(formatSources))("%s", (name, config) => {
  test("a batch is a pure function of the seed and its number, in whatever thread", async () => {
    const [{ source, warnings }, one, elsewhere] = [
      await openFormat(name, config),
      await openFormat(name, config),
      await openFormat(name, config, 6),
    ];
    const ahead = new Prefetcher(source, expect.unreachable);
    await ahead.started;
    const last = await one.source.batch(23); // beyond the first epoch
    for (const index of [0, 1, 2, 3, 22, 23]) expect(await ahead.take(index)).toEqual(await one.source.batch(index));
    expect(await ahead.take(23)).toEqual(last);
    expect(await elsewhere.source.batch(23)).not.toEqual(last);
    await ahead.dispose();
    expect(warnings).toEqual([]);
  });

  test("a batch has every output, of its type, with as many numbers as its shape says", async () => {
    const { outputs } = formatDefinition(name);
    const batch = await (await openFormat(name, config)).source.batch(0);
    expect(Object.keys(batch).sort()).toEqual(Object.keys(outputs).sort());
    for (const [port, { shape, data }] of Object.entries(batch)) {
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
      expect(shape).toHaveLength(outputs[port]!.shape.length);
      expect(data instanceof Int32Array ? "int32" : "float32").toBe(outputs[port]!.dtype);
    }
  });
});
