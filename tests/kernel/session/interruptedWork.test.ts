import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { type Heard, printed, RawClient } from "../rawClient.ts";

let kernel: RawClient;
afterEach(() => kernel.stop());

/** Sends a cell, and resolves when it has printed "go". */
async function begin(code: string): Promise<string> {
  const id = kernel.send("execute_request", { code });
  await kernel.until(() => printed(kernel.below(id)).includes("go"));
  return id;
}

/** Interrupts a cell. @returns its answer, and how many milliseconds it took */
async function interrupt(cell: string) {
  const start = performance.now();
  kernel.send("interrupt_request", {}, "control");
  const answer = await kernel.answer(cell);
  return { ...answer, took: performance.now() - start };
}

const isInterrupted = { status: "error", ename: "Interrupted" };
const textOf = (message: Heard | undefined) =>
  (message?.content.data as Record<string, string> | undefined)?.["text/plain"] ?? "";

const cut = {
  "an operation": "for (;;) tf.matMul(big, big).dispose();",
  "operations in scopes": "tf.tidy(() => tf.tidy(() => { for (;;) tf.matMul(big, big); }));",
  "a gradient": "for (;;) tf.dispose(tf.valueAndGrad((x: any) => tf.sum(tf.matMul(x, big)))(big));",
};

test("an interrupt in the middle of computing changes no training after it, and leaves no scope open", async () => {
  kernel = await RawClient.start();
  await kernel.execute(`const { tf } = flamingo;
      await flamingo.openDevice("wasm");
      const big: any = tf.ones([512, 512]);
      const losses = async () => {
        const run = await flamingo.train("pretrain-language", { steps: 3, targets: ["train"], device: "wasm", show: false });
        return JSON.stringify([...run.state.channels.loss.total].map(([, loss]) => loss));
      }`);
  const before = textOf((await kernel.execute("await losses()")).output.at(-1));
  expect(before).toMatch(/\d\.\d+,\d\.\d+,\d\.\d+/);
  const tensors = textOf((await kernel.execute("tf.memory().numTensors")).output.at(-1));
  for (const [what, code] of Object.entries(cut)) {
    const { reply } = await interrupt(await begin(`console.log("go"); ${code}`));
    expect(reply.content, what).toMatchObject(isInterrupted);
    // What a loop itself holds at that moment, outside of any scope, is lost.
    const left = Number(textOf((await kernel.execute("tf.memory().numTensors")).output.at(-1))) - Number(tensors);
    expect(left, what).toBeLessThanOrEqual(6);
  }
  expect(textOf((await kernel.execute("await losses()")).output.at(-1))).toBe(before);
}, 180_000); // trains twice

test.each([150, 300, 450])("an interrupt %i ms into the first use of the library leaves it whole", async (delay) => {
  kernel = await RawClient.start();
  await kernel.execute("1");
  const cell = kernel.send("execute_request", { code: 'flamingo.html("<b>1</b>")' });
  await setTimeout(delay);
  await interrupt(cell);
  const { reply, output } = await kernel.execute('flamingo.html("<b>2</b>")');
  expect(reply.content.status).toBe("ok");
  expect(output.at(-1)!.content.data).toMatchObject({ "text/html": "<b>2</b>" });
});

const slow = 'console.log("go"); for (const start = performance.now(); performance.now() < start + 500; );';

test.each([
  ["an ES module", "module", `${slow} export const whole = true;`],
  ["a CommonJS module", "commonjs", `${slow} exports.whole = true;`],
])("a package that loads when the interrupt comes, %s, is whole afterwards", async (_, type, code) => {
  kernel = await RawClient.start();
  const folder = join(kernel.folder, "node_modules", "slow-package");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "slow-package", type, main: "index.js" }));
  writeFileSync(join(folder, "index.js"), code);
  await kernel.execute("1");
  await interrupt(await begin('import { whole } from "slow-package"; whole'));
  expect(textOf((await kernel.execute('import { whole } from "slow-package"; whole')).output.at(-1))).toBe("true");
});

test("a loop beside a training that nobody awaits is ended, and the training goes on", async () => {
  kernel = await RawClient.start();
  const code = 'flamingo.train("pretrain-language", { steps: 5000, targets: ["train"], device: "wasm" }); 0';
  const training = kernel.send("execute_request", { code });
  const steps = () =>
    Number(/training (\d+) of/.exec(kernel.below(training).map(textOf).findLast(Boolean) ?? "")?.[1] ?? 0);
  await kernel.until(() => steps() > 0);
  const { reply, took } = await interrupt(await begin('console.log("go"); for (;;);'));
  expect(reply.content).toMatchObject(isInterrupted);
  expect(took).toBeLessThan(8_000);
  const then = steps();
  await kernel.until(() => steps() > then);
});

test("a cell that takes up its interrupt and then never ends is ended, as is a training in it", async () => {
  kernel = await RawClient.start();
  const cell = await begin(`
    const training = flamingo.train("pretrain-language", { steps: 5000, targets: ["train"], device: "wasm", show: false });
    console.log("go");
    const { signal } = flamingo.currentCell()!;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    for (;;);`);
  const { reply, took } = await interrupt(cell);
  expect(reply.content).toMatchObject(isInterrupted);
  expect(took).toBeLessThan(8_000);
  expect(textOf((await kernel.execute("(await training).status")).output.at(-1))).toBe("'stopped'");
});
