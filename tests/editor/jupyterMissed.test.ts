import { describe, expect, test } from "vitest";
import { Missed } from "../../editor/server/jupyter/missed.ts";
import type { ChannelMessage } from "../../editor/server/jupyter/webSocketMessage.ts";
import { newHeader } from "../../kernel/protocol/message.ts";

const parent = newHeader("execute_request", "client");

function said(type: string, content: Record<string, unknown>): ChannelMessage {
  const header = newHeader(type, "kernel");
  return { channel: "iopub", message: { header, parent_header: parent, metadata: {}, content, buffers: [] } };
}

const print = (text: string) => said("stream", { name: "stdout", text });
const update = (id: string, text: string) =>
  said("update_display_data", { data: { "text/plain": text }, metadata: {}, transient: { display_id: id } });

describe("what a client missed", () => {
  test("is told in order, once", () => {
    const missed = new Missed();
    const messages = [print("a"), print("b"), update("x", "c")];
    for (const message of messages) missed.add(message);
    expect(missed.take()).toEqual(messages);
    expect(missed.take()).toEqual([]);
  });

  test("has of each display the last state only", () => {
    const missed = new Missed();
    const [first, x, y, z] = [print("a"), update("x", "last"), update("y", "only"), print("z")];
    for (const message of [first, update("x", "1"), update("x", "2"), y, x, z]) missed.add(message);
    expect(missed.take()).toEqual([first, y, x, z]);
  });

  test("says so where there was no room for the beginning", () => {
    const missed = new Missed(10_000);
    const messages = Array.from({ length: 100 }, (_, index) => print(`${index} ${"x".repeat(1000)}\n`));
    for (const message of messages) missed.add(message);
    const [note, ...kept] = missed.take();
    expect(note!.message).toMatchObject({ parent_header: parent, content: { name: "stderr" } });
    expect(kept.length).toBeGreaterThan(0);
    expect(kept).toEqual(messages.slice(-kept.length));
    missed.add(messages[0]!);
    expect(missed.take()).toEqual([messages[0]]);
  });
});
