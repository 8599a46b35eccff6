import { existsSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeConnectionFile } from "../../kernel/client/connectionFile.ts";
import { executeNotebook } from "../../kernel/client/executeNotebook.ts";
import { KernelClient } from "../../kernel/client/kernelClient.ts";
import { flamingoKernelspec } from "../../kernel/client/kernelspec.ts";
import { type CodeCell, emptyNotebook } from "../../kernel/nbformat/notebook.ts";
import { readConnection } from "../../kernel/protocol/connection.ts";
import type { Message } from "../../kernel/protocol/message.ts";

let kernel: KernelClient;

beforeAll(async () => {
  kernel = await KernelClient.start({ spec: flamingoKernelspec, cwd: tmpdir() });
});

afterAll(() => kernel.shutdown());

/** Runs code. Gives its reply's content, and what it printed or gave. */
async function execute(code: string, options: Parameters<KernelClient["execute"]>[1] = {}) {
  const said: unknown[] = [];
  const onOutput = ({ content }: Message) => {
    const { text, data } = content as { text?: string; data?: Record<string, string> };
    if (text ?? data) said.push(text ?? data?.["text/plain"]);
  };
  const { content } = await kernel.execute(code, { onOutput, ...options });
  return { status: content.status, said, content };
}

test("a connection file is for its user alone, and gone with its kernel", async () => {
  const { path, connection, remove } = await makeConnectionFile("test");
  expect(readConnection(path)).toEqual(connection);
  if (process.platform !== "win32") {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(connection.transport).toBe("ipc");
  }
  const other = await makeConnectionFile("test");
  expect(other.connection.key).not.toBe(connection.key);
  await Promise.all([remove(), other.remove()]);
  expect(existsSync(dirname(path))).toBe(false);
});

test("a reply comes with all its output, each to who asked for it", async () => {
  const [first, second, info] = await Promise.all([
    execute("for (let i = 0; i < 3000; i++) console.log(i);"),
    execute("'two'"),
    kernel.request("shell", "kernel_info_request"),
  ]);
  expect(first.said.join("")).toBe(Array.from({ length: 3000 }, (_, i) => `${i}\n`).join(""));
  expect(second.said).toEqual([expect.stringContaining("two")]);
  expect(info.header.msg_type).toBe("kernel_info_reply");
  expect(kernel.info).toEqual(info.content);
});

test("what a child process and a write to a file descriptor leave on the process's own output belongs to the cell too", async () => {
  const shout = 'execSync("echo out; echo err >&2", { stdio: "inherit" })';
  const { said } = await execute(`import { execSync } from "node:child_process"; void ${shout};`);
  expect(said.sort()).toEqual(["err\n", "out\n"]);
  expect((await execute('(await import("node:fs")).writeSync(1, "written é\\n"); 1')).said).toContain("written é\n");
});

test("a cell asks, and hears the answer; where nobody answers it is told so", async () => {
  const ask = "await flamingo.input('name? ')";
  const asked: string[] = [];
  const onInput = async (prompt: string) => {
    asked.push(prompt);
    return "Ada";
  };
  expect((await execute(ask, { onInput })).said).toEqual([expect.stringContaining("Ada")]);
  expect(asked).toEqual(["name? "]);
  expect(await execute(ask)).toMatchObject({ status: "error" });
});

function notebookOf(...sources: string[]) {
  const cells = sources.map((source, index): CodeCell => {
    return { cell_type: "code", id: `${index}`, metadata: {}, source, outputs: [], execution_count: null };
  });
  return { ...emptyNotebook(), cells };
}

test("a notebook's cell that takes too long is interrupted, and fails", async () => {
  const executed = await executeNotebook(kernel, notebookOf("let a = 1;", "while (true) {}", "a"), { timeout: 1000 });
  expect(executed.failure).toMatchObject({
    code: "CELL_FAILED",
    message: "code cell 2 of 3 (while (true) {}) took longer than 1 s",
  });
  const ends = executed.notebook.cells.map((cell) => (cell as CodeCell).execution_count !== null);
  expect(ends).toEqual([true, true, false]);
});

test("cells say by their tags that they may fail, or are not to run", async () => {
  const notebook = notebookOf("throw new Error('meant')", "throw new Error('not run')", "3");
  notebook.cells[0]!.metadata.tags = ["raises-exception"];
  notebook.cells[1]!.metadata.tags = ["skip-execution"];
  const { notebook: executed, failure } = await executeNotebook(kernel, notebook);
  expect(failure).toBeUndefined();
  expect(executed.cells.map((cell) => (cell as CodeCell).outputs.map(({ output_type }) => output_type))).toEqual([
    ["error"],
    [],
    ["execute_result"],
  ]);
});

test("a notebook's cell is interrupted while it runs, and shows what it printed", async () => {
  const notebook = notebookOf("console.log('on'); while (true) {}", "1");
  const stop = new AbortController();
  const release = kernel.listen(({ header }) => {
    if (header.msg_type === "stream") stop.abort();
  });
  const executed = await executeNotebook(kernel, notebook, { signal: stop.signal });
  release();
  expect(executed.failure).toBeUndefined();
  expect(executed.notebook.cells).toMatchObject([
    { outputs: [{ output_type: "stream", text: "on\n" }, { output_type: "error" }] },
    { outputs: [], execution_count: null },
  ]);
});

describe("a kernel's end", () => {
  test("is told to who waits, and to who listens; a restart begins anew", async () => {
    await execute("const kept = 1;");
    const { pid } = kernel;
    const death = new Promise<string>((resolve) => {
      kernel.onDeath = ({ how }) => resolve(how);
    });
    await expect(execute("process.exit(3)")).rejects.toMatchObject({
      code: "KERNEL_DIED",
      message: expect.stringContaining("with code 3"),
    });
    expect(await death).toBe("with code 3");
    await expect(kernel.interrupt()).rejects.toMatchObject({ code: "KERNEL_DIED" });
    await kernel.restart();
    expect(kernel.pid).not.toBe(pid);
    expect(await execute("typeof kept === 'undefined'")).toMatchObject({ status: "error" });
  });

  test("leaves nothing behind", async () => {
    const other = await KernelClient.start({ spec: flamingoKernelspec, cwd: tmpdir() });
    const folder = dirname(other.connection.ip);
    const { pid } = other;
    if (other.connection.transport === "ipc")
      expect(readFileSync(`${folder}/connection.json`, "utf8")).toContain("key");
    await other.shutdown();
    expect(() => process.kill(pid!, 0)).toThrow("ESRCH");
    expect(existsSync(folder) && other.connection.transport === "ipc").toBe(false);
  });

  test("before it answered is told with what it said last", async () => {
    const argv = [process.execPath, "-e", "console.error('no licence'); process.exit(3)"];
    const start = KernelClient.start({ spec: { ...flamingoKernelspec, argv }, cwd: tmpdir() });
    await expect(start).rejects.toThrow("the kernel's process ended with code 3; it said last: no licence");
    const mute = { ...flamingoKernelspec, argv: [process.execPath, "-e", "setInterval(() => {}, 1000)"] };
    const waiting = KernelClient.start({ spec: mute, cwd: tmpdir(), patience: 100 });
    await expect(waiting).rejects.toThrow("the kernel did not answer within");
    const nowhere = KernelClient.start({ spec: { ...flamingoKernelspec, argv: ["/nowhere"] }, cwd: tmpdir() });
    await expect(nowhere).rejects.toThrow("ENOENT");
  });
});
