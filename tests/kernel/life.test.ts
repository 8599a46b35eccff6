import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { printed, RawClient } from "./rawClient.ts";

const entry = fileURLToPath(new URL("../../kernel/flamingo-kernel.js", import.meta.url));
const started: RawClient[] = [];
afterEach(async () => {
  for (const kernel of started.splice(0)) await kernel.stop();
});

async function start(environment?: Record<string, string>): Promise<RawClient> {
  const kernel = await RawClient.start(environment);
  started.push(kernel);
  return kernel;
}

describe("a kernel", () => {
  test.each([
    ["control", true],
    ["shell", false],
  ] as const)("that is shut down on %s says so, and ends well", async (channel, restart) => {
    const kernel = await start();
    const { reply, states } = await kernel.request("shutdown_request", { restart }, channel);
    expect(reply).toMatchObject({ type: "shutdown_reply", content: { status: "ok", restart } });
    expect(states).toEqual(["busy", "idle"]);
    expect(await kernel.ended()).toBe(0);
    expect(kernel.outside).toBe("");
  });

  test("answers before TypeScript is loaded, and runs what came meanwhile", async () => {
    const kernel = await start();
    const cell = kernel.send("execute_request", { code: "const early: number = 42; early" });
    await kernel.request("kernel_info_request");
    expect(kernel.below(cell).some(({ type }) => type === "execute_reply")).toBe(false);
    expect((await kernel.answer(cell)).output.at(-1)!.content.data).toEqual({ "text/plain": "42" });
  });

  test("that is in an endless loop can be shut down", async () => {
    const kernel = await start();
    const cell = kernel.send("execute_request", { code: 'process.on("exit", () => {}); console.log("go"); for (;;);' });
    await kernel.until(() => printed(kernel.below(cell)) === "go\n");
    kernel.send("shutdown_request", { restart: false }, "control");
    expect(await kernel.ended()).toBe(0);
  });

  test("that is interrupted before it is ready gives up what waits, and then runs the next", async () => {
    const kernel = await start();
    const cell = kernel.send("execute_request", { code: "for (;;);" });
    const behind = kernel.send("execute_request", { code: "2" });
    await kernel.until(() => kernel.below(cell).length > 0); // busy
    await kernel.request("interrupt_request", {}, "control");
    expect((await kernel.answer(cell)).reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
    expect((await kernel.answer(behind)).reply.content.status).toBe("aborted");
    expect((await kernel.execute("3")).reply.content.status).toBe("ok");
  });

  test("ends with the client that started it, where that asks for it", async () => {
    const kernel = await start();
    kernel.send("shutdown_request", {}, "control");
    await kernel.ended();
    // A shell starts the kernel, and is killed when the kernel answers; the pipe ends when nobody is left to write.
    const command = '"$0" "$1" "$2" & wait';
    const client = spawn("sh", ["-c", command, process.execPath, entry, join(kernel.folder, "connection.json")], {
      env: { ...process.env, JPY_PARENT_PID: "1", FLAMINGO_HOME: kernel.folder },
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(await kernel.heartbeat("up")).toBe("up");
    client.kill("SIGKILL");
    await once(client.stdout.resume(), "close");
  });

  test("ends where the thread of its sockets has a fault, and says so", async () => {
    const kernel = await start();
    kernel.send("execute_request", {
      // The port to that thread is among what keeps the process alive.
      code: `const [port] = (process as any)._getActiveHandles().filter((handle: any) => handle.constructor.name === "MessagePort");
        port.postMessage({ kind: "message", channel: "nowhere", identities: [], parts: [], buffers: [] })
        for (;;);`,
    });
    expect(await kernel.ended()).toBe(1);
    expect(kernel.outside).toContain("INTERNAL: the thread of the sockets failed: TypeError");
  });

  test("ends as its code says, and what was printed before arrives", async () => {
    const kernel = await start();
    const cell = kernel.send("execute_request", { code: 'console.log("last words"); process.exit(3)' });
    expect(await kernel.ended()).toBe(3);
    await expect.poll(() => printed(kernel.below(cell))).toBe("last words\n");
  });
});

describe("it does not start, and says why in a line,", () => {
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: "utf8" });
    return { status, lines: stderr.trim().split("\n") };
  };

  test("without a connection file", () => {
    expect(run()).toEqual({ status: 2, lines: [expect.stringMatching(/^USAGE: .*Fix: /)] });
  });

  test("with one that is not there, or does not fit", async () => {
    const kernel = await start();
    const file = join(kernel.folder, "other.json");
    expect(run(file)).toEqual({ status: 1, lines: [expect.stringMatching(/^KERNEL_CONNECTION: .*Fix: /)] });
    writeFileSync(file, JSON.stringify({ ip: "127.0.0.1" }));
    expect(run(file).status).toBe(1);
    rmSync(file);
  });

  test("where its port is taken", async () => {
    const kernel = await start();
    const { status, lines } = run(join(kernel.folder, "connection.json"));
    expect(status).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^PORT_IN_USE: .*Fix: /)]);
  });
});
