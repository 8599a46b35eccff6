import { expect, test } from "vitest";
import { ExecutionQueue, type Workbench } from "../../../kernel/session/executionQueue.ts";
import type { Request } from "../../../kernel/wire/wire.ts";

function request(code: string): Request {
  const header = { msg_id: code, msg_type: "execute_request" };
  return { channel: "shell", identities: [], message: { header, content: { code } } } as unknown as Request;
}

/** A queue whose cells fail where their code says so, and what it replies. */
function queueOf(heardAll: () => Promise<void>) {
  const replies = new Map<string, Record<string, unknown>>();
  const interpreter = {
    evaluate: async (code: string) =>
      code === "fail"
        ? { status: "error", error: { name: "Error", message: "it failed", traceback: [] } }
        : { status: "ok", value: undefined },
  };
  const publisher = {
    status() {},
    publish() {},
    reply: ({ message }: Request, content: Record<string, unknown>) => replies.set(message.header.msg_id, content),
  };
  const bench = {
    publisher,
    interpreter: Promise.resolve(interpreter),
    wire: { running() {}, heardAll },
    history: { add() {} },
    showResult: async () => undefined,
    scopes: { note() {}, closeOthers() {} },
    ended() {},
  };
  return { queue: new ExecutionQueue(bench as unknown as Workbench), replies };
}

test("an interrupt between a cell's failure and its reply does not reach the next cell", async () => {
  const { queue, replies } = queueOf(async () => queue.interrupt(false));
  queue.add(request("fail"));
  await expect.poll(() => replies.get("fail"), { timeout: 30_000 }).toMatchObject({ status: "error", ename: "Error" });
  queue.add(request("next"));
  await expect.poll(() => replies.get("next"), { timeout: 30_000 }).toMatchObject({ status: "ok" });
});
