import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Heard, printed, RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
  await kernel.execute("let kept = 1"); // what comes before the first cell may not be terminated
});
afterAll(() => kernel.stop());

const isReply = ({ type }: Heard) => type === "execute_reply";

/** Sends a cell, and resolves when it has printed "go": from then on it does what the test is about. */
async function begin(code: string): Promise<string> {
  const id = kernel.send("execute_request", { code });
  await kernel.until(() => printed(kernel.below(id)).includes("go") || kernel.below(id).some(isReply));
  expect(kernel.below(id).find(isReply)?.content).toBeUndefined();
  return id;
}

const interrupt = () => kernel.request("interrupt_request", {}, "control");

const endless = {
  "in a loop": 'console.log("go"); for (;;);',
  "in a loop after an await": 'await new Promise((resolve) => setTimeout(resolve)); console.log("go"); for (;;);',
  "in a loop in a callback of a timer":
    'setTimeout(() => { console.log("go"); for (;;); }); await new Promise(() => {})',
  "in a loop of microtasks": 'console.log("go"); for (;;) await null;',
  "in a loop behind a catch and a finally":
    'for (;;) { try { console.log("go"); for (;;); } catch {} finally { console.log("finally"); } }',
  "waiting for what never comes": 'console.log("go"); await new Promise(() => {})',
  "waiting in Atomics.wait": 'console.log("go"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  "printing without end": 'for (;;) console.log("go");',
  "in a loop of a value's own display": '({ [Symbol.for("Jupyter.display")]: () => { console.log("go"); for (;;); } })',
};

describe("a cell that is interrupted", () => {
  test.each(Object.entries(endless))("%s ends, and what was declared stays", async (_, code) => {
    await kernel.execute("kept = kept + 1");
    const before = (await kernel.execute("kept")).output.at(-1)!.content.data;
    const cell = await begin(code);
    const start = performance.now();
    expect((await interrupt()).reply).toMatchObject({ type: "interrupt_reply", content: { status: "ok" } });
    const { reply, output, states } = await kernel.answer(cell);
    expect(performance.now() - start).toBeLessThan(1_000); // a tenth of a second, on a machine that does nothing else
    expect(reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
    expect(output.at(-1)).toMatchObject({ type: "error", content: { ename: "Interrupted" } });
    expect(states.at(0)).toBe("busy");
    expect(states.filter((state) => state === "idle")).toHaveLength(1);
    expect((await kernel.execute("kept")).output.at(-1)!.content.data).toEqual(before);
    expect(
      (await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 5)); 2")).reply.content.status,
    ).toBe("ok");
  });

  test("may end by itself, by its signal, and say with what", async () => {
    const cell = await begin(
      'const { signal } = flamingo.currentCell()!; console.log("go"); await new Promise((resolve) => signal.addEventListener("abort", resolve)); "saved"',
    );
    await interrupt();
    const { reply, output } = await kernel.answer(cell);
    expect(reply.content.status).toBe("ok");
    expect(output.at(-1)!.content.data).toEqual({ "text/plain": "'saved'" });
  });

  test("while it asks a person gives up the question", async () => {
    const cell = kernel.send("execute_request", { code: 'await flamingo.input("name?")' });
    await kernel.until(() => kernel.below(cell).some(({ type }) => type === "input_request"));
    await interrupt();
    expect((await kernel.answer(cell)).reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
  });

  test("takes those with it that wait behind it", async () => {
    const cell = await begin('console.log("go"); for (;;);');
    const behind = kernel.send("execute_request", { code: "kept = 0" });
    await interrupt();
    expect((await kernel.answer(cell)).reply.content.status).toBe("error");
    expect((await kernel.answer(behind)).reply.content.status).toBe("aborted");
  });

  test("takes those with it also where it heeds the interrupt and ends well", async () => {
    const cell = await begin(
      'const over = flamingo.currentCell()!.signal; console.log("go"); await new Promise((resolve) => over.addEventListener("abort", resolve)); 1',
    );
    const behind = kernel.send("execute_request", { code: "kept = 0", stop_on_error: false });
    await interrupt();
    expect((await kernel.answer(cell)).reply.content.status).toBe("ok");
    expect((await kernel.answer(behind)).reply.content.status).toBe("aborted");
    expect((await kernel.execute("1")).reply.content.status).toBe("ok");
  });

  test.each([
    ["a loop that awaits", "for (;;) { ticks++; await rest(5); }"],
    ["a loop over what comes", "for await (const _ of forever()) ticks++;"],
    ["a function of an earlier cell", "await tickOn();"],
  ])("does not go on in silence: %s", async (_, code) => {
    await kernel.execute(`
      let ticks = 0;
      const rest = (milliseconds: number) => new Promise<void>((resolve) => { setTimeout(resolve, milliseconds); });
      async function* forever() { for (;;) { await rest(5); yield 1; } }
      async function tickOn() { for (;;) { ticks++; await rest(5); } }`);
    const cell = await begin(`console.log("go"); ${code}`);
    const start = performance.now();
    await interrupt();
    expect((await kernel.answer(cell)).reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
    expect(performance.now() - start).toBeLessThan(1_000);
    const { output } = await kernel.execute("const then = ticks; await rest(50); ticks - then");
    expect(output.at(-1)!.content.data).toEqual({ "text/plain": "0" });
  });

  test("does not come to a loop that lies behind what it waited for", async () => {
    const cell = await begin('console.log("go"); await new Promise((resolve) => setTimeout(resolve, 300)); for (;;);');
    await interrupt();
    await kernel.answer(cell);
    const { reply } = await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 400))");
    expect(reply.content.status).toBe("ok");
  });

  test("cannot go on printing behind the page's back", async () => {
    const cell = await begin(
      'let rounds = 0; console.log("go"); for (;;) { await new Promise((resolve) => setTimeout(resolve, 50)); rounds++; console.log("still here"); }',
    );
    await interrupt();
    await kernel.answer(cell);
    const { output } = await kernel.execute(`
      for (let before = -1; before !== rounds; ) {
        before = rounds;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      "stopped"`);
    expect(output.at(-1)!.content.data).toEqual({ "text/plain": "'stopped'" });
  });
});

test("an interrupt while nothing runs changes nothing", async () => {
  expect((await interrupt()).reply.content.status).toBe("ok");
  expect((await kernel.request("interrupt_request")).reply.channel).toBe("shell");
  expect((await kernel.execute("1")).reply.content.status).toBe("ok");
});

test("SIGINT is an interrupt too", async () => {
  for (const code of [endless["in a loop after an await"], endless["waiting for what never comes"]]) {
    const cell = await begin(code);
    kernel.process.kill("SIGINT");
    expect((await kernel.answer(cell)).reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
  }
  expect((await kernel.execute("1")).reply.content.status).toBe("ok");
});

test("while a cell runs that never ends, the kernel still answers for itself", async () => {
  const cell = await begin('console.log("go"); for (;;);');
  expect((await kernel.request("kernel_info_request")).reply.content.status).toBe("ok");
  expect(await kernel.heartbeat("ping")).toBe("ping");
  await interrupt();
  await kernel.answer(cell);
});
