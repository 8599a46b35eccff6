import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printed, RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

const value = async (code: string) => (await kernel.execute(code)).output.at(-1)?.content.data;
/** A process that has ended is there until somebody takes note. */
const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

describe("a process that a cell starts", () => {
  test.each([
    ["execSync", "execSync('echo shown; echo aside >&2', { stdio: 'inherit' })"],
    ["execFileSync", "execFileSync('sh', ['-c', 'echo shown; echo aside >&2'], { stdio: ['ignore', 'inherit', 2] })"],
    ["spawnSync", "spawnSync('sh', ['-c', 'echo shown; echo aside >&2'], { stdio: 'inherit' }).stdout"],
    [
      "spawn",
      "await new Promise((resolve) => spawn('sh', ['-c', 'echo shown; echo aside >&2'], { stdio: 'inherit' }).on('close', () => resolve(null)))",
    ],
  ])("by %s shows what it writes below the cell, where it inherits the kernel's output", async (name, code) => {
    const { output, reply } = await kernel.execute(`import { ${name} } from 'node:child_process'\n${code}`);
    expect(reply.content.status).toBe("ok");
    expect(printed(output)).toBe("shown\n");
    expect(printed(output, "stderr")).toBe("aside\n");
  });

  test("and that fails shows what it wrote", async () => {
    const { output } = await kernel.execute(
      "import { execSync } from 'child_process'\nexecSync('echo before; exit 3', { stdio: 'inherit' })",
    );
    expect(printed(output)).toBe("before\n");
    expect(output.at(-1)).toMatchObject({ type: "error", content: { ename: "Error" } });
  });

  test("gives what it writes to code that asks for it", async () => {
    expect(await value("import { execSync } from 'node:child_process'\nexecSync('echo kept').toString()")).toEqual({
      "text/plain": "'kept\\n'",
    });
  });

  test.runIf(existsSync("/proc/self/task"))("and waits for is ended by an interrupt", async () => {
    const code = "import { execSync } from 'child_process'\nconsole.log('go'); execSync('sleep 300; sleep 300')";
    const cell = kernel.send("execute_request", { code });
    await kernel.until(() => printed(kernel.below(cell)) === "go\n");
    await kernel.request("interrupt_request", {}, "control");
    expect((await kernel.answer(cell)).reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await kernel.execute("1")).reply.content.status).toBe("ok");
  });

  test("may be a TypeScript file, as a worker and as a process", async () => {
    writeFileSync(
      join(kernel.folder, "double.ts"),
      `import { parentPort, workerData } from "node:worker_threads";
      enum Factor { two = 2 }
      if (parentPort) parentPort.postMessage((workerData as number) * Factor.two);
      else process.send!(Number(process.argv[2]) * Factor.two);`,
    );
    const worker = `import { Worker } from 'node:worker_threads'
      await new Promise((resolve, reject) => new Worker('./double.ts', { workerData: 4 }).on('message', resolve).on('error', reject))`;
    expect(await value(worker)).toEqual({ "text/plain": "8" });
    const fork =
      "import { fork } from 'node:child_process'\nawait new Promise((resolve) => fork('./double.ts', ['5']).on('message', resolve))";
    expect(await value(fork)).toEqual({ "text/plain": "10" });
  });

  test("ends with the kernel, unless it is detached", async () => {
    const code = `import { spawn } from 'node:child_process'
      const kept = spawn('sleep', ['9000'], { detached: true, stdio: 'ignore' }); kept.unref();
      [spawn('sleep', ['9000']).pid, spawn('sh', ['-c', 'sleep 9000; sleep 9000'], { stdio: 'inherit' }).pid, kept.pid]`;
    const text = String((await value(code))?.["text/plain" as never]);
    const [plain, shell, detached] = JSON.parse(text) as [number, number, number];
    kernel.send("shutdown_request", { restart: false }, "control");
    expect(await kernel.ended()).toBe(0);
    await expect.poll(() => [plain, shell, detached].map(isRunning)).toEqual([false, false, true]);
    process.kill(detached);
  });
});

test("a kernel whose history cannot be written runs cells", async () => {
  const without = await RawClient.start({ FLAMINGO_HOME: "/proc/nowhere/home" });
  try {
    expect((await without.execute("1 + 1")).output.at(-1)?.content.data).toEqual({ "text/plain": "2" });
    expect((await without.execute("3")).reply.content.status).toBe("ok");
  } finally {
    await without.stop();
  }
});
