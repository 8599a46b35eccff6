import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type {
  Description,
  Inside,
  NamedVersion,
  PipelineSummary,
  StoredPipeline,
  VersionSummary,
} from "../../editor/shared/protocol.ts";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { fakePipeline, readFake } from "../runs/fakeLibrary.ts";
import { openStudio, type TestStudio } from "./openStudio.ts";

async function list(studio: TestStudio): Promise<PipelineSummary[]> {
  return (await studio.ask("/api/pipelines")).json() as Promise<PipelineSummary[]>;
}

async function save(studio: TestStudio, id: string, name: string, rev?: string) {
  const response = await studio.send("PUT", `/api/pipelines/${id}`, { pipeline: fakePipeline({ name }), rev });
  return { status: response.status, body: (await response.json()) as StoredPipeline & { error: { code: string } } };
}

describe("pipelines", () => {
  test("are listed with the templates first", async () => {
    const studio = await openStudio();
    await save(studio, "mine", "Mine");
    expect((await list(studio)).map(({ name, template }) => [name, template])).toEqual([
      ["First", true],
      ["Mine", false],
    ]);
  });

  test("come back as they were saved, and their rev changes with the content", async () => {
    const studio = await openStudio();
    const { body: first } = await save(studio, "mine", "One");
    expect(first.pipeline).toEqual(readFake({ name: "One" }));
    const { body: second } = await save(studio, "mine", "Two", first.rev);
    expect(second.rev).not.toBe(first.rev);
    const read = (await (await studio.ask("/api/pipelines/mine")).json()) as StoredPipeline;
    expect(read).toEqual(second);
  });

  test("that another tab changed are not overwritten: 409", async () => {
    const studio = await openStudio();
    const { body: first } = await save(studio, "mine", "One");
    expect((await save(studio, "mine", "Two", first.rev)).status).toBe(200);
    for (const rev of [first.rev, undefined])
      expect(await save(studio, "mine", "Three", rev)).toMatchObject({
        status: 409,
        body: { error: { code: "CONFLICT" } },
      });
    expect((await (await studio.ask("/api/pipelines/mine")).json()) as StoredPipeline).toMatchObject({
      pipeline: { name: "Two" },
    });
  });

  test("saved by two tabs at once: one wins, the other is told", async () => {
    const studio = await openStudio();
    const { body: first } = await save(studio, "mine", "One");
    const answers = await Promise.all(["a", "b", "c"].map((name) => save(studio, "mine", name, first.rev)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(readdirSync(join(studio.home, "pipelines"))).toEqual(["mine.json"]);
  });

  test("that are templates stay as they are", async () => {
    const studio = await openStudio();
    const { rev } = (await (await studio.ask("/api/pipelines/first")).json()) as StoredPipeline;
    expect(await save(studio, "first", "Changed", rev)).toMatchObject({ status: 403 });
    expect((await list(studio))[0]!.name).toBe("First");
  });

  test("that are broken are listed, say so, and break nothing", async () => {
    const studio = await openStudio();
    const folder = join(studio.home, "pipelines");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "torn.json"), "{");
    writeFileSync(join(folder, "newer.json"), JSON.stringify(fakePipeline({ version: 99 })));
    const found = await list(studio);
    expect(found.map(({ id }) => id).sort()).toEqual(["first", "newer", "torn"]);
    expect(found.find(({ id }) => id === "torn")!.description).toContain("is not JSON");
    const response = await studio.ask("/api/pipelines/newer");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "NEWER_PIPELINE" } });
    expect(readFileSync(join(folder, "torn.json"), "utf8")).toBe("{");
  });

  test("are not found outside their folder, whatever the name says", async () => {
    const studio = await openStudio();
    const folder = join(studio.home, "pipelines");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(studio.home, "secret.json"), JSON.stringify(fakePipeline()));
    symlinkSync(join(studio.home, "secret.json"), join(folder, "link.json"));
    for (const id of [
      "..%2fsecret",
      "%2e%2e%2fsecret",
      "..%5csecret",
      "link",
      "none",
      "%00",
      "toString",
      "A",
      "x".repeat(99),
    ])
      expect((await studio.ask(`/api/pipelines/${id}`)).status, id).toBe(404);
    for (const id of ["..%2fsecret", "UPPER", "a%2fb", "%2e%2e"])
      expect((await save(studio, id, "x")).status, id).toBe(404);
    expect(readFileSync(join(studio.home, "secret.json"), "utf8")).toBe(JSON.stringify(fakePipeline()));
  });
});

describe("the page", () => {
  test("is served with its files, and nothing outside its folder is", async () => {
    const studio = await openStudio();
    expect(await (await studio.ask("/")).text()).toBe("<title>studio</title>");
    const script = await studio.ask("/assets/page.js");
    expect(script.headers.get("content-type")).toContain("text/javascript");
    expect(script.headers.get("cache-control")).toContain("immutable");
    for (const path of ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/%2fetc%2fhostname"])
      expect((await studio.ask(path)).status, path).toBe(404);
    expect((await studio.ask("/%E0%A4%A")).status).toBe(400);
    expect((await studio.ask("/assets")).status).toBe(404);
  });
});

describe("requests that no honest page sends", () => {
  test("are refused with a report, and the server lives on", async () => {
    const studio = await openStudio();
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const bodies = [
      "{",
      deep,
      '{"pipeline":{"__proto__":{"x":1}}}',
      '{"constructor":1}',
      JSON.stringify("x".repeat(2e6)),
    ];
    const headers = { origin: studio.origin, "content-type": "application/json", "x-flamingo-studio": "1" };
    for (const body of bodies) {
      const response = await studio.ask("/api/describe", { method: "POST", headers, body });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(await response.json()).toMatchObject({ error: { code: "USAGE" } });
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect((await studio.ask("/api/studio")).status).toBe(200);
  });
});

describe("describe and trace", () => {
  const config = GatedXattnDense.example;

  test("tell a pipeline's problems, and each block's weights", async () => {
    const studio = await openStudio();
    const nodes = {
      fuse: { type: "GatedXattnDense", config, frozen: true },
      free: { type: "GatedXattnDense", config },
    };
    const response = await studio.send("POST", "/api/describe", { pipeline: fakePipeline({ nodes, edges: [] }) });
    const { problems, nodes: found } = (await response.json()) as Description;
    expect(problems.some(({ code }) => code === "MISSING_INPUT")).toBe(true);
    expect(found.fuse!.weights).toBeGreaterThan(0);
    expect(found.fuse!.trainable).toBe(0);
    expect(found.free).toEqual({ weights: found.fuse!.weights, trainable: found.fuse!.weights });
  });

  test("open a block to its inside", async () => {
    const studio = await openStudio();
    const ports = Object.keys(GatedXattnDense.inputs);
    const response = await studio.send("POST", "/api/trace", {
      type: "GatedXattnDense",
      config,
      ports,
      fields: ["dim"],
    });
    const { graph, nodes } = (await response.json()) as Inside;
    expect(response.status).toBe(200);
    expect(Object.keys(graph.nodes).length).toBeGreaterThan(3);
    expect(Object.keys(nodes)).toEqual(Object.keys(graph.nodes));
    expect(graph).toMatchObject({ config: { dim: config.dim }, nodes: { ff: { config: { dim: "$dim" } } } });
  });

  test.each([
    ["UNKNOWN_BLOCK", { type: "toString", config: {}, ports: [] }],
    ["UNKNOWN_PORT", { type: "GatedXattnDense", config, ports: ["toString"] }],
    ["INVALID_CONFIG", { type: "GatedXattnDense", config: {}, ports: [] }],
    ["USAGE", { type: 7 }],
  ])("answer %s where that is wrong", async (code, body) => {
    const response = await (await openStudio()).send("POST", "/api/trace", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code } });
  });
});

describe("drafts", () => {
  test("are kept on the disk until they are deleted, the newest first; what is none is refused", async () => {
    const studio = await openStudio();
    const draft = { pipeline: fakePipeline({ description: "" }), template: false, changed: true, id: "mine", time: 5 };
    expect((await studio.send("PUT", "/api/drafts/mine", draft)).status).toBe(204);
    expect((await studio.send("PUT", "/api/drafts/untitled", { ...draft, changed: false })).status).toBe(204);
    const list = (await (await studio.ask("/api/drafts")).json()) as { id: string }[];
    expect(list.map(({ id }) => id)).toEqual(["untitled", "mine"]);
    expect(await (await studio.ask("/api/drafts/mine")).json()).toMatchObject({ id: "mine", time: 5, changed: true });
    expect((await studio.send("PUT", "/api/drafts/mine", { ...draft, pipeline: {} })).status).toBe(400);
    expect((await studio.send("PUT", "/api/drafts/..%2fmine", draft)).status).toBe(404);
    expect((await studio.send("DELETE", "/api/drafts/mine", {})).status).toBe(204);
    expect((await studio.ask("/api/drafts/mine")).status).toBe(404);
  });
});

describe("named versions", () => {
  const name = async (studio: TestStudio, id: string, called: string, description: string) => {
    const body = { name: called, pipeline: fakePipeline({ description }) };
    return (await (await studio.send("POST", `/api/versions/${id}`, body)).json()) as NamedVersion;
  };
  const versionsOf = async (studio: TestStudio, id: string) =>
    (await (await studio.ask(`/api/versions/${id}`)).json()) as VersionSummary[];

  test("are listed with their time, the newest first, and come back whole; one that is deleted is gone", async () => {
    const studio = await openStudio();
    const made = [];
    for (const called of ["One", "Two", "Three"]) made.push(await name(studio, "mine", called, called));
    const list = await versionsOf(studio, "mine");
    expect(list.map((each) => each.name)).toEqual(["Three", "Two", "One"]);
    expect(list.toReversed()).toEqual(made);
    const read = await (await studio.ask(`/api/versions/mine/${made[1]!.version}`)).json();
    expect(read).toEqual({ ...made[1]!, pipeline: readFake({ description: "Two" }) });
    expect((await studio.send("DELETE", `/api/versions/mine/${made[1]!.version}`, {})).status).toBe(204);
    expect((await versionsOf(studio, "mine")).map((each) => each.name)).toEqual(["Three", "One"]);
    expect(await versionsOf(studio, "other")).toEqual([]);
    expect(readdirSync(join(studio.home, "versions", "mine")).filter((file) => !/^\d+\.json$/.test(file))).toEqual([]);
  });

  test("of a template become those of the pipeline that it is saved as, which keeps what it has", async () => {
    const studio = await openStudio();
    await name(studio, "first", "Before", "");
    expect((await studio.send("POST", "/api/versions/mine/taken", { from: "first" })).status).toBe(204);
    expect((await versionsOf(studio, "mine")).map((each) => each.name)).toEqual(["Before"]);
    expect(await versionsOf(studio, "first")).toEqual([]);
    await name(studio, "first", "Other", "");
    await studio.send("POST", "/api/versions/mine/taken", { from: "first" });
    expect((await versionsOf(studio, "mine")).map((each) => each.name)).toEqual(["Before"]);
  });

  test("that are broken, nameless or elsewhere are no versions", async () => {
    const studio = await openStudio();
    const { version } = await name(studio, "mine", "One", "");
    writeFileSync(join(studio.home, "versions", "mine", "7.json"), "{");
    expect((await versionsOf(studio, "mine")).map((each) => each.version)).toEqual([version]);
    expect((await studio.ask("/api/versions/mine/7")).status).toBe(400);
    for (const path of ["mine/8", "mine/..%2f7", "..%2fmine/7", "mine/x"])
      expect((await studio.ask(`/api/versions/${path}`)).status, path).toBe(404);
    expect((await studio.send("POST", "/api/versions/mine", { name: " ", pipeline: fakePipeline() })).status).toBe(400);
    expect((await studio.send("POST", "/api/versions/mine", { name: "x", pipeline: {} })).status).toBe(400);
  });
});
