import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Access } from "../../editor/server/access.ts";
import type { KernelManager } from "../../editor/server/jupyter/kernels.ts";
import { serveKernelSockets } from "../../editor/server/jupyter/sockets.ts";
import type { ChannelMessage } from "../../editor/server/jupyter/webSocketMessage.ts";

/** A server with a kernel that is none: it gives its clients what they send to it, or fails as it is told. */
async function openKernel({ fails = false } = {}) {
  const http = createServer();
  const heard: ChannelMessage[] = [];
  const tellAll: ((message: ChannelMessage) => void)[] = [];
  const kernels = {
    has: () => true,
    connect: (_id: string, session: string, receive: (message: ChannelMessage) => void) => {
      if (session === "late") throw new Error("the kernel has ended");
      tellAll.push(receive);
      return {
        send: (message: ChannelMessage) => {
          if (fails) throw new Error("the kernel takes nothing: ".padEnd(400, "é"));
          heard.push(message);
        },
        close: () => {},
      };
    },
  };
  const access = new Access(1);
  serveKernelSockets(http, access, kernels as unknown as KernelManager);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  onTestFinished(() => void http.close());
  const open = async (session = "a") => {
    const address = `ws://127.0.0.1:${port}/jupyter/api/kernels/k/channels?session_id=${session}`;
    const socket = new WebSocket(address, { headers: { authorization: `token ${access.token}` } });
    onTestFinished(() => socket.terminate());
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    await new Promise((resolve) => socket.on("open", resolve));
    return { socket, closed };
  };
  const tell = (message: ChannelMessage) => {
    for (const receive of tellAll) receive(message);
  };
  return { open, heard, tell };
}

const header = { msg_id: "1", msg_type: "x", session: "s", username: "", date: "", version: "5.3" };
const whole = JSON.stringify({ channel: "shell", header, parent_header: {}, metadata: {}, content: {} });

describe("a kernel's websocket", () => {
  test.each([
    ["text that is no JSON, of characters of several bytes", `["${"日".repeat(9)}",${"日".repeat(24)}`],
    ["long text of surrogate pairs", "🦩".repeat(4000)],
    ["JSON that is no message", "[]"],
    ["JSON that is nested very deep", "[".repeat(100_000)],
    ["too few bytes", Buffer.from([1])],
    ["bytes that claim many parts", Buffer.alloc(64, 255)],
  ])("is closed, and the others go on, when it brings %s", async (_, content) => {
    const { open, heard } = await openKernel();
    const [bad, good] = [await open(), await open("b")];
    bad.socket.send(content);
    const { code, reason } = await bad.closed;
    expect(code).toBe(1007);
    expect(reason).toMatch(/cannot be read/);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    good.socket.send(whole);
    await expect.poll(() => heard.length).toBe(1);
  });

  test("is closed when the kernel does not take its message, or has ended while it was opened", async () => {
    const { open } = await openKernel({ fails: true });
    const { socket, closed } = await open();
    socket.send(whole);
    expect((await closed).reason).toMatch(/^the kernel takes nothing: é+…$/);
    expect(await (await open("late")).closed).toEqual({ code: 1011, reason: "the kernel has ended" });
  });

  test("is closed when a message of the kernel cannot be sent on it", async () => {
    const { open, tell } = await openKernel();
    const { closed } = await open();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    tell({
      channel: "iopub",
      message: { header, parent_header: {}, metadata: {}, content: circle, buffers: [] },
    } as unknown as ChannelMessage);
    expect((await closed).code).toBe(1011);
  });
});
