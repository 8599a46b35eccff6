import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Services from "@jupyterlab/services";
import type { Kernel, KernelMessage, Session } from "@jupyterlab/services";
import { expect, onTestFinished, test, vi } from "vitest";
import { flamingoKernelspec } from "../../kernel/client/kernelspec.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { openStudio, type TestStudio } from "./openStudio.ts";

const services = createRequire(import.meta.url)("@jupyterlab/services") as typeof Services;

/** The client that JupyterLab and VS Code have, connected to a studio. */
async function connect(studio: TestStudio, token = studio.token) {
  for (const method of ["debug", "warn"] as const) vi.spyOn(console, method).mockReturnValue(); // it tells of every websocket
  const baseUrl = `${studio.origin}/jupyter/`;
  const serverSettings = services.ServerConnection.makeSettings({
    baseUrl,
    wsUrl: baseUrl.replace("http", "ws"),
    token,
  });
  const kernels = new services.KernelManager({ serverSettings });
  const specs = new services.KernelSpecManager({ serverSettings });
  const sessions = new services.SessionManager({ serverSettings, kernelManager: kernels });
  const contents = new services.ContentsManager({ serverSettings });
  onTestFinished(async () => {
    // A look at the server that is under way when its manager goes rejects, and nobody waits for it.
    const runs = await fetch(studio.origin).then(
      () => true,
      () => false,
    );
    if (runs) await Promise.allSettled([sessions.refreshRunning(), kernels.refreshRunning()]);
    for (const manager of [sessions, kernels, specs, contents]) manager.dispose();
  });
  return { serverSettings, kernels, specs, sessions, contents };
}

/** Runs a cell. Gives its reply's status, and each message that it led to, as `type` or `type: what it says`. */
async function execute(kernel: Kernel.IKernelConnection, code: string, onMessage = (_type: string) => {}) {
  const said: string[] = [];
  const future = kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    const { text, data, ename } = content as { text?: string; data?: Record<string, string>; ename?: string };
    const what = text ?? data?.["text/plain"] ?? ename;
    said.push(what === undefined ? header.msg_type : `${header.msg_type}: ${what}`);
    onMessage(header.msg_type);
  };
  const reply = (await future.done) as KernelMessage.IExecuteReplyMsg;
  return { status: reply.content.status, said };
}

/** Comes back when a kernel has printed this. */
function heard(kernel: Kernel.IKernelConnection, printed: string): Promise<void> {
  return new Promise((resolve) => {
    kernel.iopubMessage.connect((_, { content }) => {
      if ((content as { text?: string }).text?.includes(printed)) resolve();
    });
  });
}

/** Comes back when a kernel has had a state. */
function reaches(kernel: Kernel.IKernelConnection, ...states: Kernel.Status[]): Promise<void> {
  return new Promise((resolve) => {
    kernel.statusChanged.connect((_, state) => {
      if (states.includes(state)) resolve();
    });
  });
}

test("the real client lists kernels, starts one, runs cells, completes, draws a live display in place, interrupts and restarts it, and hears that it died", async () => {
  const { specs, kernels } = await connect(await openStudio());
  await specs.ready;
  expect(specs.specs?.default).toBe("flamingo");
  expect(specs.specs?.kernelspecs.flamingo).toMatchObject({ language: "typescript" });
  const kernel = await kernels.startNew({ name: "flamingo" });
  expect(await kernel.info).toMatchObject({ status: "ok", language_info: { name: "typescript" } });
  const busyThen = ["status", "execute_input"];
  expect(await execute(kernel, "const x: number = 6;\nconsole.log('hi');\nx * 7")).toEqual({
    status: "ok",
    said: [...busyThen, "stream: hi\n", "execute_result: 42", "status"],
  });
  const endless = execute(kernel, "console.log('on'); while (true) {}", (type) => {
    if (type === "stream") void kernel.interrupt();
  });
  expect((await endless).status).toBe("error");
  expect((await execute(kernel, "x")).said).toContain("execute_result: 6");
  const { content: completed } = await kernel.requestComplete({ code: "x.toFi", cursor_pos: 6 });
  expect(completed).toMatchObject({ status: "ok", matches: ["toFixed"], cursor_start: 2, cursor_end: 6 });
  const { said: live } = await execute(
    kernel,
    "async function* loss() { for (const step of [3, 2, 1]) yield step; }\nloss()",
  );
  const shown = live.filter((message) => /display_data/.test(message));
  expect(shown[0]).toMatch(/^display_data/); // one display, which is drawn anew in place
  expect(shown.slice(1).every((message) => message.startsWith("update_display_data"))).toBe(true);
  expect(shown.at(-1)).toMatch(/: 1$/);
  await kernel.restart();
  expect(await execute(kernel, "x")).toMatchObject({ status: "error" });

  const told = reaches(kernel, "autorestarting");
  await expect(execute(kernel, "process.kill(process.pid, 'SIGKILL')")).rejects.toThrow();
  await told;
  expect((await execute(kernel, "1 + 1")).said).toContain("execute_result: 2");
  await kernel.shutdown();
  await kernels.refreshRunning();
  expect([...kernels.running()]).toEqual([]);
});

test("the real client opens, saves and runs a notebook; opened again, it finds its kernel", async () => {
  const studio = await openStudio();
  const { sessions, contents } = await connect(studio);
  const { path } = await contents.copy("tutorials/01.ipynb", "");
  const model = await contents.get(path);
  const cells = [{ id: "a", cell_type: "code", metadata: {}, source: "1", outputs: [], execution_count: null }];
  await contents.save(path, { ...model, content: { ...model.content, cells } });
  expect((await contents.get(path)).content.cells).toEqual(cells);
  await expect(contents.save("tutorials/01.ipynb", model)).rejects.toThrow("stays as it is");

  const options: Session.ISessionOptions = { path, name: path, type: "notebook", kernel: { name: "flamingo" } };
  const session = await sessions.startNew(options);
  const here = await execute(session.kernel!, "[process.cwd(), process.env.FLAMINGO_HOME].join()");
  expect(here.said).toContainEqual(expect.stringContaining(`${studio.home}/notebooks,${studio.home}`));
  const again = await (await connect(studio)).sessions.startNew(options);
  expect(again.kernel!.id).toBe(session.kernel!.id);
  await session.setPath("renamed.ipynb");
  await sessions.refreshRunning();
  expect([...sessions.running()]).toMatchObject([{ path: "renamed.ipynb" }]);
  await session.shutdown();
  await sessions.refreshRunning();
  expect([...sessions.running()]).toEqual([]);
});

test("a client that comes back under its name gets what was said meanwhile; the studio's end is the kernel's", async () => {
  const studio = await openStudio();
  const { kernels } = await connect(studio);
  const kernel = await kernels.startNew({ name: "flamingo" }, { clientId: "page" });
  const { model } = kernel;
  const gate = join(temporaryFolder(), "gate");
  const waiting = `console.log('before');
    const { existsSync } = await import('node:fs');
    while (!existsSync(${JSON.stringify(gate)})) await new Promise((wake) => setTimeout(wake, 20));
    console.log('meanwhile');`;
  const future = kernel.requestExecute({ code: waiting });
  await new Promise<void>((resolve) => {
    future.onIOPub = ({ header }) => void (header.msg_type === "stream" && resolve());
  });
  future.done.catch(() => {}); // who asked has left
  kernel.dispose();

  const other = kernels.connectTo({ model, clientId: "other" });
  const ended = heard(other, "meanwhile");
  await other.info;
  writeFileSync(gate, "");
  await ended;
  const back = kernels.connectTo({ model, clientId: "page" });
  await heard(back, "meanwhile");
  const third = kernels.connectTo({ model, clientId: "third" });
  let told = "";
  third.iopubMessage.connect((_, { content }) => {
    told += (content as { text?: string }).text ?? "";
  });
  await execute(third, "console.log(process.pid)");
  const pid = Number(told);
  expect(process.kill(pid, 0)).toBe(true);
  await studio.close();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("a kernel that cannot be started is told of in words", async () => {
  const broken = {
    ...flamingoKernelspec,
    argv: [process.execPath, "-e", "console.error('no licence'); process.exit(3)"],
  };
  const { kernels } = await connect(await openStudio({ kernels: { kernelspecs: { broken } } }));
  await expect(kernels.startNew({ name: "broken" })).rejects.toThrow("ended with code 3; it said last: no licence");
  await expect(kernels.startNew({ name: "none" })).rejects.toThrow('there is no kernel "none"');
});

test("without the token the real client gets nothing", async () => {
  const { kernels, contents } = await connect(await openStudio(), "wrong");
  await expect(contents.get("")).rejects.toThrow("the request has no token");
  await expect(kernels.startNew({ name: "flamingo" })).rejects.toThrow("the request has no token");
});

test("no more kernels run than may", async () => {
  const { kernels } = await connect(await openStudio({ kernels: { most: 1 } }));
  const kernel = await kernels.startNew({ name: "flamingo" });
  await expect(kernels.startNew({ name: "flamingo" })).rejects.toThrow("1 kernels run already");
  await kernel.shutdown();
  await (await kernels.startNew({ name: "flamingo" })).shutdown();
});

test("a kernel that nobody needs for long is ended", async () => {
  const studio = await openStudio({ kernels: { idle: 300 } });
  const reply = await studio.send("POST", "/jupyter/api/kernels", {});
  expect(reply.status).toBe(201);
  const list = async () => (await studio.ask("/jupyter/api/kernels")).json();
  await vi.waitFor(async () => expect(await list()).toEqual([]), { timeout: 20_000 });
});
