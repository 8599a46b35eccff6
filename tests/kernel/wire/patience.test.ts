import { expect, test } from "vitest";
import { untilUnshielded } from "../../../kernel/wire/patience.ts";
import { Shared } from "../../../kernel/wire/shared.ts";

const shared = () => new Shared(new SharedArrayBuffer(64));

test("a forced interrupt waits for what must not be stopped half-way, and for no longer than its cell runs", async () => {
  const words = shared();
  words.raise();
  let waits = true;
  const waited = untilUnshielded(words, words.endings).then(() => {
    waits = false;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(waits).toBe(true);
  words.end(); // the cell has ended, within what is shielded
  await waited;
  expect(words.shielded).toBe(true);
  words.lower();
  await untilUnshielded(words, words.endings);
  expect(words.shielded).toBe(false);
});
