import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Heard, printed, RawClient } from "../rawClient.ts";

let kernel: RawClient;
beforeAll(async () => {
  kernel = await RawClient.start();
});
afterAll(() => kernel.stop());

const ofType = (messages: Heard[], type: string) => messages.filter((message) => message.type === type);

/** Runs a cell and gives its request's id, for what comes below it later. */
async function run(code: string): Promise<string> {
  const id = kernel.send("execute_request", { code, allow_stdin: false });
  expect((await kernel.answer(id)).reply.content).toMatchObject({ status: "ok" });
  return id;
}

describe("a person", () => {
  const questions = async (cell: string, count: number) => {
    await kernel.until(() => ofType(kernel.below(cell), "input_request").length === count);
    return ofType(kernel.below(cell), "input_request").at(-1)!;
  };

  test("is asked where the cell was sent from, and only an answer to the question counts", async () => {
    const cell = kernel.send("execute_request", { code: 'await flamingo.input("name?", { password: true })' });
    const question = await questions(cell, 1);
    expect(question).toMatchObject({ channel: "stdin", content: { prompt: "name?", password: true } });
    const old = { ...question.header, msg_id: "old" };
    kernel.send("input_reply", { value: "not meant" }, "stdin", { parent_header: old });
    kernel.send("input_reply", { value: "Ada" }, "stdin", { parent_header: question.header });
    expect((await kernel.answer(cell)).output.at(-1)!.content.data).toEqual({ "text/plain": "'Ada'" });
  });

  test("is asked one thing after the other", async () => {
    const code = 'await Promise.all(["one", "two"].map((prompt) => flamingo.input(prompt)))';
    const cell = kernel.send("execute_request", { code });
    for (const count of [1, 2]) {
      const question = await questions(cell, count);
      kernel.send("input_reply", { value: String(count) }, "stdin", { parent_header: question.header });
    }
    expect((await kernel.answer(cell)).output.at(-1)!.content.data).toEqual({ "text/plain": "[ '1', '2' ]" });
  });

  test("is asked by code that does not await, while nothing else of the notebook runs", async () => {
    const code = `const later = flamingo.input("first?")
const name: string = prompt("name?")
const same = prompt("again?", "as before")
const isSure: boolean = confirm("sure?")
;[name, same, isSure, await later]`;
    const cell = kernel.send("execute_request", { code });
    const prompts: unknown[] = [];
    const answers = ["Ada", "", "y"];
    const first = (await questions(cell, 1)).header;
    for (const [index, value] of answers.entries()) {
      const question = await questions(cell, index + 2);
      prompts.push(question.content.prompt);
      if (index === 1) kernel.send("input_reply", { value: "before" }, "stdin", { parent_header: first });
      kernel.send("input_reply", { value }, "stdin", { parent_header: question.header });
    }
    expect(prompts).toEqual(["name? ", "again? [as before] ", "sure? [y/N] "]);
    const { output } = await kernel.answer(cell);
    expect(output.at(-1)!.content.data).toEqual({ "text/plain": "[ 'Ada', 'as before', true, 'before' ]" });
  });

  test("who does not answer code that does not await may interrupt it", async () => {
    const cell = kernel.send("execute_request", { code: "const kept = 1\nprompt('?')" });
    await questions(cell, 1);
    kernel.send("interrupt_request", {}, "control");
    expect((await kernel.answer(cell)).reply.content).toMatchObject({ status: "error", ename: "Interrupted" });
    const next = kernel.send("execute_request", { code: "kept" });
    expect((await kernel.answer(next)).output.at(-1)!.content.data).toEqual({ "text/plain": "1" });
  });

  test("who never answered is asked again by the next cell, once the cell that asked has ended", async () => {
    const first = kernel.send("execute_request", { code: 'void flamingo.input("left open?"); 1' });
    const old = await questions(first, 1);
    expect((await kernel.answer(first)).reply.content.status).toBe("ok");
    await kernel.until(() => printed(kernel.below(first), "stderr").includes("ended before its question was answered"));
    const cell = kernel.send("execute_request", { code: 'await flamingo.input("again?")' });
    const question = await questions(cell, 1);
    kernel.send("input_reply", { value: "too late" }, "stdin", { parent_header: old.header });
    kernel.send("input_reply", { value: "in time" }, "stdin", { parent_header: question.header });
    expect((await kernel.answer(cell)).output.at(-1)!.content.data).toEqual({ "text/plain": "'in time'" });
  });

  test("is not asked what still waited in line when its cell was interrupted", async () => {
    const code = 'await Promise.all(["one", "two"].map((prompt) => flamingo.input(prompt)))';
    const cell = kernel.send("execute_request", { code });
    await questions(cell, 1);
    await kernel.request("interrupt_request", {}, "control");
    expect((await kernel.answer(cell)).reply.content.ename).toBe("Interrupted");
    const next = kernel.send("execute_request", { code: 'await flamingo.input("three")' });
    const { header, content } = await questions(next, 1);
    expect(content.prompt).toBe("three");
    kernel.send("input_reply", { value: "3" }, "stdin", { parent_header: header });
    expect((await kernel.answer(next)).output.at(-1)!.content.data).toEqual({ "text/plain": "'3'" });
    expect(ofType(kernel.below(cell), "input_request")).toHaveLength(1);
  });

  test("is not asked where the front end cannot", async () => {
    const { reply } = await kernel.execute('await flamingo.input("name?")');
    expect(reply.content).toMatchObject({ status: "error", evalue: expect.stringContaining("cannot ask") });
  });
});

describe("what is shown", () => {
  test("can be replaced later, and emptied", async () => {
    const shown = await kernel.execute('const shown = await flamingo.display("one")');
    const { data, transient } = shown.output.at(-1)!.content as Record<string, Record<string, unknown>>;
    expect(data!["text/plain"]).toContain("one");
    const later = await kernel.execute('await shown.update("two"); flamingo.clearOutput(true)');
    const [, update, clear] = later.output;
    expect(update).toMatchObject({ type: "update_display_data", content: { transient } });
    expect(clear).toMatchObject({ type: "clear_output", content: { wait: true } });
  });

  test("by tslab's own display is a display too", async () => {
    const { output } = await kernel.execute('import { display } from "tslab"; display.html("<b>bold</b>")');
    expect(output.at(-1)).toMatchObject({ type: "display_data", content: { data: { "text/html": "<b>bold</b>" } } });
  });
});

describe("a comm", () => {
  /** Sends a comm message, and waits for the kernel to have dealt with it. */
  const tell = async (type: string, content: Record<string, unknown>, buffers: Uint8Array[] = []) => {
    const id = kernel.send(type, content, "shell", { buffers });
    await kernel.until(() => ofType(kernel.below(id), "status").length === 2);
    return kernel.below(id);
  };
  const comms = async (content = {}) => (await kernel.request("comm_info_request", content)).reply.content.comms;

  test("of a front end reaches the target that a cell registered, with binary data both ways", async () => {
    const cell = await run(`flamingo.registerCommTarget("echo", (comm, opening) => {
      console.log("opened with", opening.data.word);
      comm.onMessage(({ data, buffers }) => comm.send({ data: { again: data.word }, buffers: buffers.map((b) => b.map((x) => x + 1)) }));
      comm.onClose(() => console.log("closed"));
    })`);
    await tell("comm_open", { comm_id: "c1", target_name: "echo", data: { word: "hello" } });
    expect(await comms()).toEqual({ c1: { target_name: "echo" } });
    expect(await comms({ target_name: "other" })).toEqual({});
    await tell("comm_msg", { comm_id: "c1", data: { word: "ping" } }, [Uint8Array.of(1, 2)]);
    const [answer] = ofType(kernel.heard, "comm_msg");
    expect(answer!.content).toEqual({ comm_id: "c1", data: { again: "ping" } });
    expect([...answer!.buffers[0]!]).toEqual([2, 3]);
    await tell("comm_close", { comm_id: "c1", data: {} });
    expect(await comms()).toEqual({});
    await kernel.until(() => printed(kernel.below(cell)) === "opened with hello\nclosed\n");
  });

  test("of the target flamingo.variables tells of all variables, again after each cell, and opens values", async () => {
    await run("const point = { x: 1, get y() { throw new Error('run') } }; const list = [1, 2, 3]");
    const told = () => ofType(kernel.heard, "comm_msg").filter(({ content }) => content.comm_id === "v");
    const last = () => told().at(-1)?.content.data as { variables?: { name: string }[]; opened?: string[] };
    await tell("comm_open", { comm_id: "v", target_name: "flamingo.variables", data: {} });
    await kernel.until(() => last()?.variables?.some(({ name }) => name === "list"));
    expect(last().variables).toContainEqual({
      name: "list",
      type: "number[]",
      shape: [3],
      value: "[1, 2, 3]",
      opens: true,
    });
    await run("const more = 'text'");
    await kernel.until(() => last()?.variables?.some(({ name }) => name === "more"));
    await tell("comm_msg", { comm_id: "v", data: { open: ["point"] } });
    await kernel.until(() => last()?.opened);
    expect(last()).toEqual({
      opened: ["point"],
      properties: [
        { name: "x", type: "number", value: "1", opens: false },
        { name: "y", type: "getter", value: "not run", opens: false },
      ],
      more: 0,
    });
    await tell("comm_close", { comm_id: "v", data: {} });
    const count = told().length;
    await run("const after = 1");
    expect(told()).toHaveLength(count);
  });

  test("is not needed to learn which variables a cell declared, and which it uses of other cells", async () => {
    const names = async (code: string) => (await kernel.execute(code)).reply.metadata.flamingo;
    await kernel.execute("let width = 2");
    expect(await names("const area = width * width; function twice() { return 2 * area }")).toEqual({
      declared: ["twice", "area"],
      used: ["width"],
    });
    expect(await names("width = 3; Math.max(width, area)")).toEqual({ declared: [], used: ["width", "area"] });
    expect(await names("const kept = area; throw new Error('half-way'); const never = 1")).toEqual({
      declared: ["kept"],
      used: ["area"],
    });
  });

  test("to a target that nobody registered is closed again, and a message for no comm is ignored", async () => {
    const below = await tell("comm_open", { comm_id: "c2", target_name: "nobody", data: {} });
    expect(ofType(below, "comm_close")[0]!.content.comm_id).toBe("c2");
    for (const type of ["comm_msg", "comm_close"])
      expect((await tell(type, { comm_id: "c2", data: {} })).every((message) => message.type === "status")).toBe(true);
  });

  test("of a cell announces itself below that cell", async () => {
    const { output } = await kernel.execute(
      'flamingo.currentCell().openComm({ target: "widget", data: { a: 1 } }).close({ data: { b: 2 } })',
    );
    const [, opened, closed] = output;
    expect(opened).toMatchObject({ type: "comm_open", content: { target_name: "widget", data: { a: 1 } } });
    expect(closed).toMatchObject({ type: "comm_close", content: { data: { b: 2 } } });
    expect(closed!.content.comm_id).toBe(opened!.content.comm_id);
  });

  test("takes any binary data, and refuses in the cell what is none", async () => {
    const { output } = await kernel.execute(`
      const memory = Uint8Array.of(0, 1, 2, 3).buffer;
      const shared = new Uint8Array(new SharedArrayBuffer(1)).fill(7);
      const buffers: any[] = [memory, new DataView(memory, 1, 2), new Uint16Array(memory, 2), shared, shared.buffer];
      const comm = flamingo.currentCell()!.openComm({ target: "binary", data: {}, buffers });`);
    expect(output.at(-1)!.buffers.map((bytes) => [...bytes])).toEqual([[0, 1, 2, 3], [1, 2], [2, 3], [7], [7]]);
    for (const wrong of ["5", "{}", "null", '"abc"']) {
      const code = `flamingo.currentCell()!.openComm({ target: "refused", data: {}, buffers: [${wrong} as any] })`;
      const { reply } = await kernel.execute(code);
      expect(reply.content).toMatchObject({ status: "error", evalue: expect.stringContaining("buffers[0]") });
    }
    expect(await comms({ target_name: "refused" })).toEqual({});
  });

  test("whose listener throws says so below the cell that gave it", async () => {
    const cell = await run(`flamingo.registerCommTarget("broken", (comm) => {
      comm.onMessage(() => { throw new Error("listener broke") });
      throw new Error("target broke");
    })`);
    await run("1");
    await tell("comm_open", { comm_id: "c3", target_name: "broken", data: {} });
    await tell("comm_msg", { comm_id: "c3", data: {} });
    for (const message of ["target broke", "listener broke"])
      await kernel.until(() => printed(kernel.below(cell), "stderr").includes(message));
  });

  test("message that does not fit is refused outside of the page", async () => {
    await tell("comm_open", { target_name: "broken" });
    await kernel.until(() => kernel.outside.includes("refused: KERNEL_MESSAGE: a comm_open does not fit"));
  });
});

describe("the history", () => {
  const ask = async (content: Record<string, unknown>) =>
    (await kernel.request("history_request", content)).reply.content.history as [number, number, unknown][];

  test("gives cells back by place and by pattern, with their results on demand", async () => {
    const code = '"remember " + "me"';
    await run(code);
    const [[session, line, input]] = (await ask({ hist_access_type: "tail", n: 1 })) as [[number, number, string]];
    expect(input).toBe(code);
    const range = { hist_access_type: "range", session: 0, start: line, stop: line + 1 };
    expect(await ask({ ...range, output: true })).toEqual([[session, line, [code, "'remember me'"]]]);
    expect(await ask({ hist_access_type: "search", pattern: '"remember*' })).toEqual([[session, line, code]]);
  });

  test("outlives the kernel", async () => {
    await run('"before"');
    const next = await RawClient.start({ FLAMINGO_HOME: `${kernel.folder}/home` });
    try {
      const { reply } = await next.request("history_request", { hist_access_type: "tail", n: 1 });
      expect((reply.content.history as unknown[][])[0]![2]).toBe('"before"');
    } finally {
      await next.stop();
    }
  });
});
