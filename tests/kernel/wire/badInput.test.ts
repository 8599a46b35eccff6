import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { delimiter, encode } from "../../../kernel/protocol/frames.ts";
import { newHeader } from "../../../kernel/protocol/message.ts";
import { Signer } from "../../../kernel/protocol/signature.ts";
import { RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

function request(code: string, signer = kernel.signer) {
  const message = { parent_header: {}, metadata: {}, content: { code }, buffers: [] };
  return encode({ header: newHeader("execute_request", kernel.session), ...message }, signer);
}

function signed(...parts: string[]) {
  return [delimiter, kernel.signer.sign(parts), ...parts];
}

/** Frames that no kernel may act on, made when the key is known. */
const refused: Record<string, () => (string | Uint8Array)[]> = {
  "with another key's signature": () => request("0", new Signer("another key")),
  "without signature": () => request("0").map((frame, index) => (index === 1 ? "" : frame)),
  "changed on its way": () => [...request("0").slice(0, -1), '{"code":"1"}'],
  "without delimiter": () => request("0").slice(1),
  "cut short": () => request("0").slice(0, -1),
  "of one empty frame": () => [""],
  "of bytes that are no text": () => request("0").with(-1, Uint8Array.of(0xff, 0xfe, 0x00)),
  "whose header is no JSON": () => signed("{", "{}", "{}", "{}"),
  "whose header has no type": () => signed('{"msg_id":"1"}', "{}", "{}", "{}"),
  "whose content is a list": () => signed(JSON.stringify(newHeader("execute_request", "s")), "{}", "{}", "[]"),
};

describe("a message", () => {
  test.each(Object.entries(refused))("%s is refused, and the kernel lives on", async (_, frames) => {
    const before = kernel.heard.length;
    const linesBefore = kernel.outside.split("\n").length;
    for (const channel of ["shell", "control", "stdin"] as const) kernel.sockets[channel].send(frames());
    await kernel.until(() => kernel.outside.split("\n").length >= linesBefore + 3);
    expect(kernel.outside).toContain("KERNEL_MESSAGE");
    expect(kernel.heard.slice(before)).toEqual([]);
    expect((await kernel.request("kernel_info_request")).reply.content.status).toBe("ok");
  });

  test("that comes twice runs once", async () => {
    await kernel.execute("let runs = 0");
    const frames = request("runs++");
    await kernel.sockets.shell.send(frames);
    await kernel.sockets.shell.send(frames);
    expect((await kernel.execute("runs")).output.at(-1)!.content.data).toEqual({ "text/plain": "1" });
  });

  test("of 50 MB runs, for all that the engine may think of it", async () => {
    const answer = await kernel.execute(`/*${"x".repeat(50_000_000)}*/ 40 + 2`);
    expect(["ok", "error"]).toContain(answer.reply.content.status);
    expect((await kernel.execute("40 + 2")).output.at(-1)!.content.data).toEqual({ "text/plain": "42" });
  });
});
