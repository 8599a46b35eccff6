import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Heard, printed, RawClient } from "./rawClient.ts";

/*
 * The points of runtimed/kernel-testbed, by its names: what a Jupyter kernel of any language must answer.
 */

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

const only = (messages: Heard[], type: string) => messages.filter((message) => message.type === type);

describe("basic protocol", () => {
  test("heartbeat_responds", async () => {
    expect(await kernel.heartbeat("ping")).toBe("ping");
  });

  test("iopub_welcome", () => {
    expect(only(kernel.heard, "iopub_welcome")).toHaveLength(1);
  });

  test("kernel_info_reply_valid, kernel_info_has_language_info, kernel_info_has_protocol_version", async () => {
    const { content } = (await kernel.request("kernel_info_request")).reply;
    expect(content).toMatchObject({ status: "ok", language_info: { name: "typescript", file_extension: ".ts" } });
    expect(content.protocol_version).toMatch(/^5\.\d+$/);
  });

  test("execute_stdout, execute_stderr", async () => {
    const { output } = await kernel.execute("console.log('hello'); console.error('error')");
    expect(printed(output)).toBe("hello\n");
    expect(printed(output, "stderr")).toBe("error\n");
  });

  test("execute_reply_ok, status_busy_idle_lifecycle, execute_input_broadcast", async () => {
    const code = "const x = 1";
    const { reply, states, output } = await kernel.execute(code);
    expect(reply).toMatchObject({ type: "execute_reply", content: { status: "ok" } });
    expect(states).toEqual(["busy", "idle"]);
    expect(only(output, "execute_input")).toMatchObject([{ content: { code } }]);
  });
});

describe("interactive features", () => {
  test("complete_request, inspect_request", async () => {
    await kernel.execute("const testVariableForCompletion = 42");
    const code = "testVariableFor";
    const completed = await kernel.request("complete_request", { code, cursor_pos: code.length });
    expect(completed.reply).toMatchObject({ type: "complete_reply", content: { status: "ok", cursor_start: 0 } });
    expect(completed.reply.content.matches).toContain("testVariableForCompletion");
    const name = "testVariableForCompletion";
    const inspected = await kernel.request("inspect_request", { code: name, cursor_pos: name.length, detail_level: 0 });
    expect(inspected.reply).toMatchObject({ type: "inspect_reply", content: { status: "ok", found: true } });
  });

  test.each([
    ["is_complete_complete", "const x = 1", "complete"],
    ["is_complete_incomplete", "const x = {", "incomplete"],
  ])("%s", async (_, code, status) => {
    const { reply } = await kernel.request("is_complete_request", { code });
    expect(reply).toMatchObject({ type: "is_complete_reply", content: { status } });
  });

  test("history_request", async () => {
    await kernel.execute("const remembered = 1");
    const { reply } = await kernel.request("history_request", {
      hist_access_type: "tail",
      n: 10,
      output: false,
      raw: true,
    });
    expect(reply).toMatchObject({ type: "history_reply", content: { status: "ok" } });
    expect((reply.content.history as unknown[][]).at(-1)![2]).toBe("const remembered = 1");
  });

  test("comm_info_request", async () => {
    const { reply } = await kernel.request("comm_info_request");
    expect(reply).toMatchObject({ type: "comm_info_reply", content: { status: "ok", comms: {} } });
  });

  test("error_handling", async () => {
    const { reply, output } = await kernel.execute("function function");
    expect(reply.content).toMatchObject({ status: "error", ename: "TypeScript" });
    expect(only(output, "error")).toHaveLength(1);
  });
});

describe("rich output", () => {
  test("display_data, update_display_data", async () => {
    const { output } = await kernel.execute(
      'const shown = await flamingo.display("initial"); await shown.update("updated")',
    );
    const [display] = only(output, "display_data");
    const [update] = only(output, "update_display_data");
    expect(update!.content.transient).toEqual(display!.content.transient);
  });

  test("execute_result, rich_execute_result", async () => {
    const plain = await kernel.execute("1 + 1");
    expect(only(plain.output, "execute_result")).toMatchObject([{ content: { data: { "text/plain": "2" } } }]);
    const rich = await kernel.execute('({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>bold</b>" }) })');
    expect(only(rich.output, "execute_result")).toMatchObject([{ content: { data: { "text/html": "<b>bold</b>" } } }]);
  });
});

describe("advanced features", () => {
  test("stdin_input_request", async () => {
    const id = kernel.send("execute_request", { code: 'await flamingo.input("Enter: ")', allow_stdin: true });
    const question = () => kernel.below(id).find(({ type }) => type === "input_request");
    await kernel.until(question);
    expect(question()).toMatchObject({ channel: "stdin", content: { prompt: "Enter: ", password: false } });
    kernel.send("input_reply", { value: "test_input_42" }, "stdin", { parent_header: question()!.header });
    const { reply, output } = await kernel.answer(id);
    expect(reply.content.status).toBe("ok");
    expect(only(output, "execute_result")[0]!.content.data).toEqual({ "text/plain": "'test_input_42'" });
  });

  test("comms_lifecycle", async () => {
    const comm_id = "test-comm";
    const opened = kernel.send("comm_open", { comm_id, target_name: "nobody.registered.this", data: {} });
    await kernel.until(() => kernel.below(opened).some(({ type }) => type === "comm_close"));
    await kernel.execute(
      'flamingo.registerCommTarget("conformance", (comm) => comm.onMessage(({ data }) => comm.send({ data: { heard: data } })))',
    );
    kernel.send("comm_open", { comm_id, target_name: "conformance", data: {} });
    kernel.send("comm_msg", { comm_id, data: { text: "hello" } });
    const answer = () => kernel.heard.find(({ type, channel }) => type === "comm_msg" && channel === "iopub");
    await kernel.until(answer);
    expect(answer()!.content).toMatchObject({ comm_id, data: { heard: { text: "hello" } } });
    const comms = async () => (await kernel.request("comm_info_request")).reply.content.comms;
    expect(await comms()).toEqual({ [comm_id]: { target_name: "conformance" } });
    kernel.send("comm_close", { comm_id, data: {} });
    expect(await comms()).toEqual({});
  });

  test("interrupt_request", async () => {
    const { reply } = await kernel.request("interrupt_request", {}, "control");
    expect(reply).toMatchObject({ type: "interrupt_reply", content: { status: "ok" } });
  });

  test("execution_count_increments", async () => {
    const count = async () => (await kernel.execute("const x = 1")).reply.content.execution_count as number;
    expect((await count()) + 1).toBe(await count());
  });

  test("parent_header_correlation", async () => {
    const id = kernel.send("execute_request", { code: "console.log('hello')", allow_stdin: false });
    const { reply, output } = await kernel.answer(id);
    for (const message of [reply, ...output])
      expect(message.parent_header).toMatchObject({ msg_id: id, session: kernel.session, msg_type: "execute_request" });
  });

  test("shutdown_reply", async () => {
    const { reply } = await kernel.request("shutdown_request", { restart: false }, "control");
    expect(reply).toMatchObject({ type: "shutdown_reply", content: { status: "ok", restart: false } });
    expect(await kernel.ended()).toBe(0);
  });
});
