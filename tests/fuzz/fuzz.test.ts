import { rmSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";
import { fuzzFolder, makeReaders } from "./readers.ts";

const folder = fuzzFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A fixed small budget; `npm run fuzz -- --inputs 10000` has any other. */
const inputs = 60;
const readers = await makeReaders(folder);

describe.each(readers)("a reader of outside data: $name", (reader) => {
  test("reads what is right", async () => {
    await reader.read(reader.right);
  });

  test("answers what is nearly right with a value, or an error that says what is wrong", async () => {
    const { read, refused } = await fuzz(reader, inputs, Number(process.env.FLAMINGO_TEST_SEED ?? 20261124));
    expect(read + refused).toBe(inputs);
  });
});
