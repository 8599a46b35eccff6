import fc from "fast-check";
import { expect, test } from "vitest";
import { SendQueue } from "../../../kernel/wire/sendQueue.ts";

/** A socket that takes its time, and refuses a message while one is on its way, as ZeroMQ's does. */
class SlowSocket {
  readonly sent: unknown[] = [];
  #busy = false;

  async send(frames: unknown[]): Promise<void> {
    if (this.#busy) throw new Error("EBUSY");
    this.#busy = true;
    await new Promise((resolve) => setImmediate(resolve));
    this.#busy = false;
    if (frames[0] === "refused") throw new Error("EHOSTUNREACH");
    this.sent.push(frames[0]);
  }
}

test("messages go out one after the other, whenever they are given, and one that fails harms no other", async () => {
  const turns = fc.array(fc.oneof(fc.integer(), fc.constantFrom("refused", "later")), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(turns, async (given) => {
      const socket = new SlowSocket();
      const queue = new SendQueue(socket);
      for (const each of given)
        if (each === "later") await new Promise((resolve) => setImmediate(resolve));
        else queue.send([String(each)]);
      await queue.drained();
      expect(socket.sent).toEqual(given.filter((each) => typeof each === "number").map(String));
    }),
    { numRuns: 30 },
  );
});
