import { afterEach, describe, expect, test, vi } from "vitest";
import { ownName, savePipelineAs } from "../../../editor/client/stores/document.ts";
import { setOrigin, useEditor } from "../../../editor/client/stores/editor.ts";
import { FlamingoError } from "../../../src/core/errors.ts";

afterEach(() => vi.unstubAllGlobals());

/** A server that holds the pipeline `mine` at revision r1 and answers the page that has its token. Returns its log. */
function serve() {
  const asked: { path: string; rev: string | undefined }[] = [];
  vi.stubGlobal("localStorage", { getItem: (key: string) => (key === "flamingo-token" ? "secret" : null) });
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const { rev } = JSON.parse(String(init.body)) as { rev?: string };
    asked.push({ path, rev });
    if (new Headers(init.headers).get("authorization") !== "Bearer secret") return new Response("{}", { status: 401 });
    if (path === "/api/pipelines/mine" && rev !== "r1") {
      const report = new FlamingoError("CONFLICT", "there", { actual: "r1" }).toJSON();
      return new Response(JSON.stringify({ error: report }), { status: 409 });
    }
    return new Response(JSON.stringify({ id: "x", rev: "r2", template: false, pipeline: {} }));
  });
  return asked;
}

describe("saving under a name", () => {
  test("that another pipeline has replaces it only when that is asked for", async () => {
    setOrigin({ id: "other", rev: "r9", template: false, changed: true }, "Other");
    const asked = serve();
    expect(await savePipelineAs("Mine")).toBe("r1");
    expect(useEditor.getState().origin).toMatchObject({ id: "other", changed: true });
    expect(await savePipelineAs("Mine", "r1")).toBeUndefined();
    expect(useEditor.getState().origin).toMatchObject({ id: "mine", rev: "r2", changed: false });
    expect(asked.map(({ rev }) => rev)).toEqual([undefined, "r1"]);
  });

  test("that is its own goes by the revision that was opened, and a change made elsewhere is an error", async () => {
    setOrigin({ id: "mine", rev: "r1", template: false, changed: true }, "Mine");
    serve();
    expect(await savePipelineAs("mine")).toBeUndefined();
    setOrigin({ id: "mine", rev: "r0", template: false, changed: true }, "Mine");
    await expect(savePipelineAs("Mine")).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

test("a request that fails in the page itself is not reported as a server that does not answer", async () => {
  setOrigin({ id: "mine", rev: "r1", template: false, changed: true }, "Mine");
  serve();
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed")));
  await expect(savePipelineAs("mine")).rejects.toMatchObject({ message: "the studio's server does not answer" });
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new DOMException("storage is forbidden", "SecurityError");
    },
  });
  await expect(savePipelineAs("mine")).rejects.toMatchObject({ message: "storage is forbidden" });
});

test("the proposed name of one's own version says My once", () => {
  expect(["Emoji captions", "My shapes", "my shapes", "Mystery"].map(ownName)).toEqual([
    "My emoji captions",
    "My shapes",
    "my shapes",
    "My mystery",
  ]);
});
