import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printed, RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

const contents = (messages: { content: Record<string, unknown> }[]) => messages.map(({ content }) => content);

describe("every request", () => {
  test("is answered between its own busy and idle, below its own header, with the kernel's session", async () => {
    const sessions = new Set<string>();
    for (const [type, content] of [
      ["kernel_info_request", {}],
      ["execute_request", { code: "1" }],
      ["complete_request", { code: "Mat", cursor_pos: 3 }],
      ["inspect_request", { code: "Math", cursor_pos: 4 }],
      ["is_complete_request", { code: "1" }],
      ["history_request", { hist_access_type: "tail", n: 1 }],
      ["comm_info_request", {}],
    ] as const) {
      const id = kernel.send(type, content);
      const { reply, states } = await kernel.answer(id);
      expect(reply.type).toBe(type.replace("request", "reply"));
      expect(reply.content.status).toBe(type === "is_complete_request" ? "complete" : "ok");
      expect(reply.parent_header).toMatchObject({ msg_id: id, session: kernel.session });
      expect(states).toEqual(["busy", "idle"]);
      for (const { header } of kernel.below(id)) sessions.add(header.session);
    }
    expect(sessions.size).toBe(1);
    expect(sessions).not.toContain(kernel.session);
  });

  test("that does not fit its type is refused in its reply", async () => {
    for (const [type, content] of [
      ["execute_request", {}],
      ["complete_request", { code: 1, cursor_pos: 0 }],
      ["history_request", { hist_access_type: "all" }],
    ] as const) {
      const { reply, states } = await kernel.request(type, content);
      expect(reply.content).toMatchObject({ status: "error", ename: "FlamingoError" });
      expect(states).toEqual(["busy", "idle"]);
    }
  });

  test.each(["unheard_of_request", "constructor", "toString", "__proto__"])(
    "of an unknown type has no reply, and the kernel lives on: %s",
    async (type) => {
      const id = kernel.send(type);
      await kernel.execute("1");
      expect(kernel.below(id).map((message) => message.type)).toEqual(["status", "status"]);
    },
  );

  test("to debug is refused as the debug adapter protocol says", async () => {
    const content = { type: "request", seq: 3, command: "initialize", arguments: {} };
    const { reply } = await kernel.request("debug_request", content, "control");
    expect(reply.content).toMatchObject({ type: "response", request_seq: 3, command: "initialize", success: false });
  });
});

describe("the kernel says of itself", () => {
  test("what the protocol asks for, on shell and on control", async () => {
    for (const channel of ["shell", "control"] as const) {
      const { reply } = await kernel.request("kernel_info_request", {}, channel);
      expect(reply.channel).toBe(channel);
      expect(reply.content).toMatchObject({
        status: "ok",
        protocol_version: "5.4",
        implementation: "flamingo",
        language_info: { name: "typescript", file_extension: ".ts" },
      });
    }
  });

  test("that it is alive: the heartbeat echoes", async () => {
    expect(await kernel.heartbeat("ping")).toBe("ping");
  });

  test("who listens, when somebody begins to", () => {
    const welcome = kernel.heard.find(({ type }) => type === "iopub_welcome");
    expect(welcome).toMatchObject({ parent_header: {}, content: { subscription: "" } });
  });
});

describe("a cell", () => {
  test("shows its input, its output in order, its result, and counts on", async () => {
    const first = await kernel.execute('console.log("a"); console.error("b"); 6 * 7');
    expect(first.output.map(({ type }) => type)).toEqual(["execute_input", "stream", "stream", "execute_result"]);
    const [input, out, err, result] = contents(first.output);
    const count = input!.execution_count as number;
    expect(out).toEqual({ name: "stdout", text: "a\n" });
    expect(err).toEqual({ name: "stderr", text: "b\n" });
    expect(result).toEqual({ data: { "text/plain": "42" }, metadata: {}, execution_count: count });
    expect(first.reply.content).toEqual({ status: "ok", execution_count: count, user_expressions: {}, payload: [] });
    expect((await kernel.execute("1")).reply.content.execution_count).toBe(count + 1);
  });

  test("shares what it declares with later ones, may await, and ends without result where it ends in a statement", async () => {
    await kernel.execute("const base = await Promise.resolve(40)");
    const { output } = await kernel.execute("let more = base + 2; if (more > 3) { more }");
    expect(output.map(({ type }) => type)).toEqual(["execute_input"]);
    expect((await kernel.execute("more")).output.at(-1)!.content.data).toEqual({ "text/plain": "42" });
  });

  test("that throws says so on the page and in the reply, in its own lines", async () => {
    const { output, reply } = await kernel.execute('const fine = 1\nthrow new RangeError("too far")');
    const error = output.at(-1)!;
    expect(error.type).toBe("error");
    expect(error.content).toMatchObject({ ename: "RangeError", evalue: "too far" });
    expect((error.content.traceback as string[]).join("\n")).toContain(":2:");
    expect(reply.content).toMatchObject({ status: "error", ename: "RangeError", evalue: "too far" });
    expect(reply.content.traceback).toEqual(error.content.traceback);
  });

  test("with a type error does not run", async () => {
    const answer = await kernel.execute('console.log("ran"); const wrong: number = "text"');
    expect(answer.reply.content.status).toBe("error");
    expect(answer.output.map(({ type }) => type)).toEqual(["execute_input", "error"]);
  });

  test("that is silent shows neither input nor result and does not count; nor does one that is not stored, or blank", async () => {
    const before = (await kernel.execute("1")).reply.content.execution_count as number;
    const silent = await kernel.execute("2", { silent: true, store_history: true });
    expect(silent.output).toEqual([]);
    const stream = "(async function* () { yield 1; })()";
    expect((await kernel.execute(stream, { silent: true })).output).toEqual([]);
    const unstored = await kernel.execute("3", { store_history: false });
    const blank = await kernel.execute(" \n");
    for (const { reply } of [silent, unstored, blank]) expect(reply.content.execution_count).toBe(before);
    expect(unstored.output.at(-1)!.content.execution_count).toBe(before);
    expect((await kernel.execute("4")).reply.content.execution_count).toBe(before + 1);
  });

  test("keeps its lines in tracebacks, whatever silent cells and expressions came after it", async () => {
    const thrower = '\n\nfunction thrower() {\n  throw new Error("deep")\n}';
    const { reply } = await kernel.execute(thrower, { user_expressions: { sum: "1 + 1" } });
    await kernel.execute("2", { silent: true });
    const traceback = (await kernel.execute("thrower()")).reply.content.traceback as string[];
    expect(traceback).toContain('> 4 |   throw new Error("deep")');
    expect(traceback.find((line) => line.includes("at thrower"))).toContain(`In[${reply.content.execution_count}]:4:`);
  });

  test("answers expressions after its code, each with a value or its error", async () => {
    const user_expressions = { good: "width * 2", bad: 'missing + ""' };
    const { reply } = await kernel.execute("const width = 4", { user_expressions });
    expect(reply.content.user_expressions).toMatchObject({
      good: { status: "ok", data: { "text/plain": "8" } },
      bad: { status: "error", ename: expect.any(String), traceback: expect.any(Array) },
    });
  });

  test("that fails takes those with it that were sent before its reply, unless told not to", async () => {
    const send = (code: string, more = {}) => kernel.send("execute_request", { code, ...more });
    const sign = join(kernel.folder, "goes-on");
    const first = send(`const { existsSync } = await import("node:fs");
      console.log("runs");
      while (!existsSync(${JSON.stringify(sign)}));
      throw new Error("stop")`);
    await kernel.until(() => kernel.below(first).some(({ type }) => type === "stream"));
    const ids = [first, send("1"), send("2")];
    await kernel.request("kernel_info_request"); // answered, so what was sent before is there
    writeFileSync(sign, "");
    const [failed, ...aborted] = await Promise.all(ids.map((id) => kernel.answer(id)));
    expect(failed!.reply.content.status).toBe("error");
    for (const { reply, output, states } of aborted) {
      expect(reply.content.status).toBe("aborted");
      expect(output).toEqual([]);
      expect(states).toEqual(["busy", "idle"]);
    }
    const goesOn = [send('throw new Error("go on")', { stop_on_error: false }), send("3")];
    const [, next] = await Promise.all(goesOn.map((id) => kernel.answer(id)));
    expect(next!.reply.content.status).toBe("ok");
  });

  test("shows promises and timers without what the kernel keeps with them, and a proxy that is revoked", async () => {
    const shown = async (code: string) => {
      const { output } = await kernel.execute(code);
      return (output.at(-1)!.content.data as Record<string, string>)["text/plain"];
    };
    expect(await shown("Promise.resolve(3)")).toBe("Promise { 3 }");
    expect(await shown("({ all: [Promise.resolve(4)] })")).toBe("{ all: [ Promise { 4 } ] }");
    for (const code of ["setTimeout(() => {}, 1)", "setImmediate(() => {})"]) {
      const text = await shown(code);
      expect(text).toMatch(/^(<ref \*1> )?(Timeout|Immediate) \{/);
      expect(text).not.toContain("Cell");
    }
    expect(await shown("const revoked = Proxy.revocable({}, {}); revoked.revoke(); revoked.proxy")).toContain(
      "Revoked",
    );
    expect(printed((await kernel.execute("console.log(Promise.resolve(5))")).output)).toBe("Promise { 5 }\n");
  });

  test("whose result is no JSON fails, and says why", async () => {
    const { reply } = await kernel.execute('({ [Symbol.for("Jupyter.display")]: () => ({ "application/json": 1n }) })');
    expect(reply.content).toMatchObject({ status: "error", ename: "TypeError" });
  });
});

describe("code is", () => {
  const face = "\u{1F9A9}";

  test("completed, with types, at a cursor that counts code points", async () => {
    const before = `const s = "${face}${face}"; s.`;
    const code = `${before}toUpperC`;
    const { reply } = await kernel.request("complete_request", { code, cursor_pos: [...code].length });
    expect(reply.content.matches).toContain("toUpperCase");
    expect(reply.content).toMatchObject({ cursor_start: [...before].length, cursor_end: [...code].length });
    const types = (reply.content.metadata as Record<string, unknown>)._jupyter_types_experimental;
    expect(types).toContainEqual(
      expect.objectContaining({ text: "toUpperCase", type: expect.any(String), signature: expect.any(String) }),
    );
  });

  test("inspected, as text and as Markdown; of nothing nothing is found", async () => {
    const code = `"${face}"; Math.sqrt`;
    const { reply } = await kernel.request("inspect_request", { code, cursor_pos: [...code].length });
    const data = reply.content.data as Record<string, string>;
    expect(reply.content.found).toBe(true);
    expect(data["text/plain"]).toContain("sqrt(x: number): number");
    expect(data["text/markdown"]).toContain("```");
    const nothing = await kernel.request("inspect_request", { code: "   ", cursor_pos: 1 });
    expect(nothing.reply.content).toEqual({ status: "ok", found: false, data: {}, metadata: {} });
  });

  test("complete, incomplete with an indent, or invalid", async () => {
    const status = async (code: string) => (await kernel.request("is_complete_request", { code })).reply.content;
    expect(await status("const a = 1")).toMatchObject({ status: "complete" });
    expect(await status("if (true) {")).toMatchObject({ status: "incomplete", indent: expect.any(String) });
    expect(await status("let = = 3")).toMatchObject({ status: "invalid" });
  });

  test("completed also while a cell waits, and the page knows then that the cell still runs", async () => {
    const cell = kernel.send("execute_request", { code: 'await flamingo.input("go on?")' });
    await kernel.until(() => kernel.below(cell).some(({ type }) => type === "input_request"));
    const { reply } = await kernel.request("complete_request", { code: "Math.sq", cursor_pos: 7 });
    expect(reply.content.matches).toContain("sqrt");
    const info = kernel.send("kernel_info_request");
    await kernel.answer(info);
    // The worker and the main thread both say so, each after what it answered: twice, or once after both.
    const states = () => kernel.heard.filter(({ type }) => type === "status");
    await kernel.until(() => {
      const idle = states().findIndex(
        ({ parent_header, content }) => parent_header.msg_id === info && content.execution_state === "idle",
      );
      return idle >= 0 && states().length > idle + 1;
    });
    expect(states().at(-1)).toMatchObject({ parent_header: { msg_id: cell }, content: { execution_state: "busy" } });
    expect(kernel.below(cell).some(({ type }) => type === "execute_reply")).toBe(false);
    kernel.send("input_reply", { status: "ok", value: "yes" }, "stdin");
    await kernel.until(() => kernel.below(cell).some(({ type }) => type === "execute_reply"));
    expect(kernel.below(cell).find(({ type }) => type === "execute_reply")!.content.status).toBe("ok");
  });
});
