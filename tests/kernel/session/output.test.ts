import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printed, RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

describe("what a cell prints", () => {
  test("arrives whole and in order before it is idle, 100,000 lines of it, in few messages", async () => {
    const lines = 100_000;
    const { output, reply } = await kernel.execute(`for (let i = 0; i < ${lines}; i++) console.log(i);`);
    expect(reply.content.status).toBe("ok");
    expect(printed(output) === Array.from({ length: lines }, (_, line) => `${line}\n`).join("")).toBe(true);
    expect(output.length).toBeLessThan(lines / 100);
  });

  test("keeps its place between displays and the other stream", async () => {
    const { output } = await kernel.execute(`
      console.log("1");
      await flamingo.display("2");
      process.stdout.write("3");
      process.stderr.write(new TextEncoder().encode("4é").subarray(0, 2));
      process.stderr.write(new TextEncoder().encode("4é").subarray(2));
      console.log("5");
      "6"`);
    expect(output.map(({ type, content }) => `${type} ${content.name ?? ""}${content.text ?? ""}`)).toEqual([
      "execute_input ",
      "stream stdout1\n",
      "display_data ",
      "stream stdout3",
      "stream stderr4é",
      "stream stdout5\n",
      "execute_result ",
    ]);
  });

  test("is there while it runs, though it never lets go of the thread", async () => {
    const cell = kernel.send("execute_request", { code: 'console.log("first"); console.log("second"); for (;;);' });
    await kernel.until(() => printed(kernel.below(cell)) === "first\nsecond\n");
    kernel.send("interrupt_request", {}, "control");
    await kernel.answer(cell);
  });

  test("after its end stays its own, also when others run meanwhile", async () => {
    const cells = ["a", "b"].map((name) =>
      kernel.send("execute_request", {
        code: `(globalThis as any).${name} = new Promise<void>((resolve) => setTimeout(() => { console.log("late ${name}"); resolve(); }, 20)); 0`,
      }),
    );
    await Promise.all(cells.map((id) => kernel.answer(id)));
    const { output } = await kernel.execute("await Promise.all([(globalThis as any).a, (globalThis as any).b]); 0");
    expect(printed(output)).toBe("");
    for (const [index, name] of ["a", "b"].entries())
      await kernel.until(() => printed(kernel.below(cells[index]!)) === `late ${name}\n`);
  });
});

test("importing a package that is an ES module prints nothing", async () => {
  const folder = join(kernel.folder, "node_modules/modern");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "modern", "type": "module", "exports": "./index.js" }');
  writeFileSync(join(folder, "index.js"), "export const five = 5;");
  writeFileSync(join(folder, "index.d.ts"), "export const five: number;");
  const id = kernel.send("execute_request", { code: "import { five } from 'modern'; five" });
  const { output } = await kernel.answer(id);
  expect(output.at(-1)!.content.data).toEqual({ "text/plain": "5" });
  await kernel.execute("await new Promise(setImmediate); 0"); // a warning comes in a turn of its own
  expect(printed(kernel.below(id), "stderr")).toBe("");
});

test("what nobody caught is told below the cell that threw it, and the kernel lives on", async () => {
  const cells = [
    'setTimeout(() => { throw new Error("in a timer") }); 0',
    'Promise.reject(new Error("in a promise")); 0',
  ];
  for (const code of cells) {
    const cell = kernel.send("execute_request", { code });
    const message = code.match(/"(.*)"/)![1]!;
    await kernel.answer(cell);
    await kernel.until(() => printed(kernel.below(cell), "stderr").includes(`Error: ${message}`));
    expect(kernel.below(cell).find(({ type }) => type === "execute_reply")!.content.status).toBe("ok");
  }
  expect((await kernel.execute("1")).reply.content.status).toBe("ok");
});
