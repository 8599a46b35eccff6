import fc from "fast-check";
import { expect, test } from "vitest";
import { SendQueue } from "../../../kernel/wire/sendQueue.ts";

/** A socket that takes its time, and refuses a message while one is on its way, as ZeroMQ's does. */
class SlowSocket {
  readonly sent: unknown[] = [];
  #busy = false;

  send(frames: unknown[]): Promise<void> {
    if (frames[0] === "malformed") throw new TypeError("no frame"); // at once, as ZeroMQ's does
    return this.#sendSlowly(frames);
  }

  async #sendSlowly(frames: unknown[]): Promise<void> {
    if (this.#busy) throw new Error("EBUSY");
    this.#busy = true;
    await new Promise((resolve) => setImmediate(resolve));
    this.#busy = false;
    if (frames[0] === "refused") throw new Error("EHOSTUNREACH");
    this.sent.push(frames[0]);
  }
}

const reasons = { refused: "Error: EHOSTUNREACH", malformed: "TypeError: no frame" };

test("messages go out one after the other, whenever they are given, and one that fails harms no other", async () => {
  const turns = fc.array(fc.oneof(fc.integer(), fc.constantFrom("refused", "malformed", "later")), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(turns, async (given) => {
      const socket = new SlowSocket();
      const failures: string[] = [];
      const queue = new SendQueue(socket, (error) => failures.push(String(error)));
      for (const each of given)
        if (each === "later") await new Promise((resolve) => setImmediate(resolve));
        else queue.send([String(each)]);
      await queue.drained();
      const unsent = given.flatMap((each) => reasons[each as keyof typeof reasons] ?? []);
      expect(failures).toEqual(unsent);
      expect(socket.sent).toEqual(given.filter((each) => typeof each === "number").map(String));
    }),
    { numRuns: 30 },
  );
});
