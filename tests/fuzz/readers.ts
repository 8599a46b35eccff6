import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import sharp from "sharp";
import { pipelineSvg } from "../../editor/client/graph/pipelineSvg.ts";
import { describePipeline, traceBlock } from "../../editor/server/describe.ts";
import { parseBody, readSaved } from "../../editor/server/jupyter/document.ts";
import { binaryProtocol, fromWebSocket, toWebSocket } from "../../editor/server/jupyter/webSocketMessage.ts";
import { readRequest } from "../../editor/server/sockets.ts";
import { readVersion, writeVersion } from "../../editor/server/versions.ts";
import { type RequestName, requests, type TraceRequest, traceRequest } from "../../editor/shared/protocol.ts";
import { emptyNotebook, parseNotebook, printNotebook } from "../../kernel/nbformat/notebook.ts";
import { decode, encode } from "../../kernel/protocol/frames.ts";
import { newHeader } from "../../kernel/protocol/message.ts";
import { Signer } from "../../kernel/protocol/signature.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import { Image } from "../../src/data/image.ts";
import { readImageFolder } from "../../src/data/imageFolder/imageFolder.ts";
import { wordsOf } from "../../src/data/tokenizer.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { pipelineOfPicture, pngWithPipeline } from "../../src/pipeline/picture.ts";
import { parsePipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { readRun, recordFile } from "../../src/runs/folder.ts";
import { createJob } from "../../src/runs/job.ts";
import { leaseHolder } from "../../src/runs/lease.ts";
import { RunLog } from "../../src/runs/log.ts";
import { thisProcess } from "../../src/runs/processIdentity.ts";
import { logFile, readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { readTemplate } from "../../src/runs/templates.ts";
import { checkpointFile, loadCheckpoint, saveCheckpoint } from "../../src/training/checkpoint.ts";
import { memoryBytes } from "../../src/weights/byteSource.ts";
import { openTensors, openWeights } from "../../src/weights/openWeights.ts";
import { readZip } from "../../src/weights/pytorch/zip.ts";
import { readSafetensors, writeSafetensors } from "../../src/weights/safetensors.ts";
import { saveShards } from "../../src/weights/shards.ts";
import type { WeightsFile } from "../../src/weights/storedTensor.ts";
import { bodyArbitrary } from "../runs/recordArbitrary.ts";
import { storedZip } from "../weights/storedZip.ts";
import { dataReaders } from "./dataReaders.ts";
import { kernelReaders } from "./kernelReaders.ts";
import { modelReaders } from "./modelReaders.ts";
import { hugeJson, mutatedBytes, mutatedJson, mutatedText } from "./mutations.ts";
import { type Reader, reader } from "./reader.ts";

/** Every reader of outside data. @param folder is theirs to write in */
export async function makeReaders(folder: string): Promise<Reader[]> {
  const template = await readTemplate("emoji-captions");
  const pipeline = writePipeline(template);
  const numbers = (...data: number[]) => ({
    dtype: "F32" as const,
    shape: [data.length],
    data: Float32Array.from(data),
  });
  const weights = writeSafetensors(
    [
      ["a.b", numbers(1, 2, 3)],
      ["c", numbers(4)],
    ],
    { note: "x" },
  );
  const colour = { r: 200, g: 30, b: 30 };
  const image = sharp({ create: { width: 9, height: 7, channels: 3, background: colour } });
  const images = await Promise.all([
    image.clone().png().toBuffer(),
    image.clone().jpeg().toBuffer(),
    image.clone().webp().toBuffer(),
    image.clone().gif().toBuffer(),
  ]);
  const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h4v4z" fill="red"/></svg>';
  const notebook = {
    ...emptyNotebook(),
    cells: [
      { cell_type: "markdown" as const, id: "a", metadata: {}, source: "# text" },
      {
        cell_type: "code" as const,
        id: "b",
        metadata: {},
        source: "1 + 1",
        execution_count: 1,
        outputs: [
          { output_type: "stream" as const, name: "stdout", text: "hi\n" },
          { output_type: "display_data" as const, data: { "text/plain": "2" }, metadata: {} },
        ],
      },
    ],
  };
  const message = {
    header: newHeader("execute_request", "session"),
    parent_header: {},
    metadata: {},
    content: { code: "1", silent: false },
    buffers: [new Uint8Array([1, 2, 3])],
  };
  const signer = new Signer("key");
  const frames = encode(message, signer).map((frame) => Buffer.from(frame));
  const log = makeLog(folder);
  const saved = { type: "notebook", format: "json", content: notebook };
  const captions = ['file,caption\na.png,a cat\nb.png,"a dog, asleep"\n', "file;caption\na.png;a cat\n"];
  const captionLines = '{"file": "a.png", "caption": "a cat"}\n{"file": "b.png", "caption": "a dog"}\n';
  const checkpoint = await makeCheckpoint(folder);
  const whole = await loadCheckpoint(join(folder, checkpointFile(5)));
  const shardFolder = join(folder, "shards");
  await saveShards(shardFolder, readSafetensors(weights).tensors, { shardBytes: 12 });
  const shardIndex: unknown = JSON.parse(readFileSync(join(shardFolder, "model.safetensors.index.json"), "utf8"));
  const torchFiles = ["views.pt", "training.pt", "protocol4.pt"].map((name) => readFileSync(join(torchFolder, name)));
  const torchPickle = pickleOf(torchFiles[1]!);
  const insides: unknown[] = [
    { type: "GatedXattnDense", config: { dim: 8, visualDim: 8 }, ports: ["text", "media", "locations"] },
    { type: "PerceiverResampler", config: { dim: 8 }, ports: ["visual"], fields: ["dim"], frozen: true },
  ];
  const version = writeVersion({ name: "Before", time: 5, pipeline: template });
  const png = pngWithPipeline(images[0]!, template);
  const { svg } = pipelineSvg(template, catalog, { paint: () => "#888", whole: true });
  const claim = JSON.stringify(thisProcess());
  const run = { folder: join(folder, "run") };
  await createJob({ pipeline: template, seed: 1, device: "cpu" }, catalog, run);
  const runRecord = readFileSync(join(run.folder, recordFile), "utf8");
  let count = 0;
  const place = (name: string) => join(folder, `${name}-${count++ % 8}`);

  return [
    ...modelReaders(folder),
    ...kernelReaders(folder),
    ...dataReaders(folder),
    reader({
      name: "pipeline text",
      inputs: mutatedText(pipeline),
      right: pipeline,
      read: (text) => usePipeline(readPipeline(text, "input")),
    }),
    reader({
      name: "pipeline value",
      inputs: mutatedJson(JSON.parse(pipeline)),
      right: JSON.parse(pipeline),
      read: (value) => usePipeline(parsePipeline(value, "input")),
    }),
    reader({
      name: "PNG pictures that carry a pipeline",
      inputs: mutatedBytes([png, images[0]!]),
      right: png,
      read: (bytes) => usePipeline(pipelineOfPicture(bytes, "input")),
    }),
    reader({
      name: "SVG pictures that carry a pipeline",
      inputs: fc.oneof(
        mutatedText(svg).map((text) => new Uint8Array(Buffer.from(text))),
        mutatedBytes([Buffer.from(svg)]),
      ),
      right: Buffer.from(svg),
      read: (bytes) => usePipeline(pipelineOfPicture(bytes, "input")),
    }),
    reader({
      name: "named versions of pipelines",
      inputs: fc.oneof(
        mutatedText(version),
        mutatedJson(JSON.parse(version)).map((value) => JSON.stringify(value) ?? ""),
      ),
      right: version,
      read: (text) => usePipeline(readVersion(text, "input").pipeline),
    }),
    reader({
      name: "requests for an inside",
      inputs: mutatedJson(...insides),
      right: insides[0]!,
      read: (value) => {
        const { data } = traceRequest.safeParse(value);
        if (data) traceBlock(data as TraceRequest, { catalog, findBlock });
      },
    }),
    reader({
      name: "run record",
      inputs: fc.oneof(
        mutatedText(runRecord),
        mutatedJson(JSON.parse(runRecord)).map((value) => JSON.stringify(value) ?? ""),
      ),
      right: runRecord,
      read: (text) => {
        const run = place("record");
        mkdirSync(run, { recursive: true });
        writeFileSync(join(run, recordFile), text);
        return readRun(run);
      },
    }),
    reader({
      name: "claims of runs",
      inputs: fc.oneof(
        mutatedText(claim),
        mutatedJson(JSON.parse(claim)).map((value) => JSON.stringify(value) ?? ""),
      ),
      right: claim,
      read: (text) => {
        const run = place("claim");
        mkdirSync(join(run, "lease"), { recursive: true });
        writeFileSync(join(run, "lease", "1"), text);
        leaseHolder(run);
      },
    }),
    reader({
      name: "run log",
      inputs: mutatedBytes([log]),
      right: log,
      read: async (bytes) => {
        const run = place("log");
        rmSync(run, { recursive: true, force: true });
        mkdirSync(run);
        writeFileSync(join(run, logFile), bytes);
        const opened = RunLog.open(run);
        opened.append({ channel: "message", value: { level: "info", message: "after" } });
        opened.close();
        const state = foldRecords(emptyRun(), await readRecords(run));
        if (state.messages.at(-1)?.message !== "after") throw new Error("what was written later is lost");
      },
    }),
    reader({
      name: "run log value",
      inputs: mutatedJson(
        ...log
          .toString()
          .trimEnd()
          .split("\n")
          .map((line): unknown => JSON.parse(line)),
      ),
      right: JSON.parse(log.toString().split("\n")[0]!),
      read: (record) => foldRecords(emptyRun(), [record as never]),
    }),
    reader({
      name: "safetensors",
      inputs: fc.oneof(
        { arbitrary: mutatedBytes([weights]), weight: 19 },
        { arbitrary: hugeJson(safetensorsHeader(weights)).map(safetensorsOf), weight: 1 },
      ),
      right: weights,
      read: (bytes) => numbersOf(readSafetensors(bytes, "input")),
    }),
    reader({
      name: "index of safetensors",
      inputs: fc.oneof(
        { arbitrary: mutatedJson(shardIndex).map((value) => JSON.stringify(value) ?? ""), weight: 9 },
        { arbitrary: mutatedText(JSON.stringify(shardIndex)), weight: 9 },
        { arbitrary: hugeJson(JSON.stringify(shardIndex)), weight: 1 },
      ),
      right: JSON.stringify(shardIndex),
      read: (text) => {
        const index = join(shardFolder, "model.safetensors.index.json");
        writeFileSync(index, text);
        return numbersOf(openWeights(index));
      },
    }),
    reader({
      name: "PyTorch checkpoint",
      inputs: mutatedBytes(torchFiles),
      right: torchFiles[0]!,
      read: (bytes) => numbersOf(openTensors(memoryBytes(bytes, "input"))),
    }),
    reader({
      name: "PyTorch pickle",
      inputs: fc.oneof(
        { arbitrary: mutatedBytes([torchPickle.bytes]), weight: 3 },
        { arbitrary: sharedPickles(torchPickle.bytes), weight: 1 },
      ),
      right: torchPickle.bytes,
      read: (bytes) =>
        numbersOf(openTensors(memoryBytes(storedZip({ ...torchPickle.files, [torchPickle.name]: bytes }), "input"))),
    }),
    reader({
      name: "checkpoint",
      inputs: mutatedBytes([checkpoint]),
      right: checkpoint,
      read: async (bytes) => {
        const file = `${place("checkpoint")}.safetensors`;
        writeFileSync(file, bytes);
        const read = await loadCheckpoint(file);
        const isChecked = Buffer.from(bytes).includes('"checksum"');
        if (isChecked && !isDeepStrictEqual(read, whole)) throw new Error("something is read that was not written");
      },
    }),
    reader({
      name: "tokenizer",
      inputs: fc.oneof(fc.string({ unit: "binary" }), mutatedText("a red cat, asleep.")),
      right: "a red cat, asleep.",
      read: (text) => {
        const tokenizer = emojiTokenizer();
        const ids = tokenizer.encode(text);
        if (ids.length !== wordsOf(text).length) throw new Error("a word has no id");
        tokenizer.decode(ids);
      },
    }),
    reader({
      name: "captions",
      inputs: fc.oneof(
        mutatedBytes(captions.map((text) => Buffer.from(text))).map((bytes) => ({ name: "captions.csv", bytes })),
        mutatedBytes([Buffer.from(captionLines)]).map((bytes) => ({ name: "metadata.jsonl", bytes })),
      ),
      right: { name: "captions.csv", bytes: Buffer.from(captions[0]!) },
      read: async ({ name, bytes }) => {
        const place_ = place("captions");
        rmSync(place_, { recursive: true, force: true });
        mkdirSync(place_);
        for (const file of ["a.png", "b.png"]) writeFileSync(join(place_, file), images[0]!);
        writeFileSync(join(place_, name), bytes);
        await readImageFolder(place_, { size: 8, progress: () => {}, warn: () => {} });
      },
    }),
    reader({
      name: "images",
      inputs: fc.oneof(
        mutatedBytes(images),
        mutatedText(drawing).map((text) => new Uint8Array(Buffer.from(text))),
      ),
      right: images[0]!,
      read: (bytes) => Image.read(bytes, 8),
    }),
    reader({
      name: "notebooks",
      inputs: fc.oneof(
        mutatedText(printNotebook(notebook)),
        mutatedJson(notebook).map((value) => JSON.stringify(value) ?? ""),
      ),
      right: printNotebook(notebook),
      read: (text) => printNotebook(parseNotebook(text, "input")),
    }),
    reader({
      name: "requests to save",
      inputs: fc
        .oneof(mutatedJson(saved, { type: "file", format: "base64", content: "YQ==" }), fc.jsonValue())
        .map((value) => Buffer.from(JSON.stringify(value) ?? "")),
      right: Buffer.from(JSON.stringify(saved)),
      read: (bytes) => readSaved(bytes, "input"),
    }),
    reader({
      name: "request bodies",
      inputs: mutatedText('{"name": "flamingo", "path": "a/b", "kernel": {"id": null}}'),
      right: '{"name": "flamingo"}',
      read: (text) => parseBody(Buffer.from(text)),
    }),
    reader({
      name: "Jupyter messages",
      inputs: fc.oneof(
        fc
          .tuple(fc.nat(frames.length - 1), mutatedBytes(frames))
          .map(([at, frame]) => frames.with(at, Buffer.from(frame))),
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      ),
      right: frames,
      read: (input) => decode(input, signer),
    }),
    reader({
      name: "Socket.IO requests",
      inputs: fc.record({
        name: fc.constantFrom(...(Object.keys(requests) as RequestName[])),
        body: mutatedJson(
          { run: "a-run", next: 0 },
          { run: "a-run" },
          { pipeline: {}, seed: 1, steps: 2, device: "cpu" },
        ),
      }),
      right: { name: "run:watch", body: { run: "a-run", next: 0 } },
      read: ({ name, body }) => readRequest(name, body),
    }),
    reader({
      name: "websocket frames",
      inputs: fc.oneof(
        mutatedText(String(toWebSocket({ channel: "shell", message: { ...message, buffers: [] } }, ""))).map(
          (data) => ({
            data: data as string | Uint8Array,
            protocol: "",
          }),
        ),
        ...["", binaryProtocol].map((protocol) =>
          mutatedBytes([Buffer.from(toWebSocket({ channel: "shell", message }, protocol) as Uint8Array)]).map(
            (data) => ({
              data: data as string | Uint8Array,
              protocol,
            }),
          ),
        ),
      ),
      right: { data: toWebSocket({ channel: "shell", message }, binaryProtocol), protocol: binaryProtocol },
      read: ({ data, protocol }) => fromWebSocket(data, protocol),
    }),
  ];
}

/** The header of a safetensors file. */
function safetensorsHeader(file: Uint8Array): string {
  const length = Number(Buffer.from(file).readBigUInt64LE());
  return Buffer.from(file.subarray(8, 8 + length)).toString();
}

/** A safetensors file of a header, without numbers. */
function safetensorsOf(header: string): Uint8Array {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}

/**
 * Pickles that begin with a value that holds another one twice, and that one another: written out it would fill any memory, or nest deeper than any
 * stack. It stands as a key, as an entry, or as what is called.
 */
function sharedPickles(pickle: Uint8Array): fc.Arbitrary<Uint8Array> {
  const [protocol, rest] = [pickle.subarray(0, 2), pickle.subarray(2)];
  const levels = fc.constantFrom(40, 20_000);
  const wrap = fc.constantFrom("hh\x86", "]haha", "h\x85", "}hhs");
  return fc.tuple(levels, wrap, fc.constantFrom("key", "entry", "call", "name", "id")).map(([count, each, place]) => {
    const again = Buffer.from(each.replaceAll("h", "h\0"), "latin1");
    const step = Buffer.concat([Buffer.from("0"), again, Buffer.from("q\0", "latin1")]);
    const value = Buffer.concat([Buffer.from(")q\0", "latin1"), ...new Array<Buffer>(count).fill(step)]);
    const text = (letters: string) => Buffer.from(letters, "latin1");
    const used = {
      key: [text("}"), value, text("Ns.")],
      entry: [value, text("0"), rest],
      call: [value, text(")R.")],
      name: [value, text("U\x01a\x93.")],
      id: [text("ctorch._utils\n_rebuild_tensor_v2\n("), value, text("QK\0)))tR.")],
    }[place as "key"];
    return Buffer.concat([protocol, ...used]);
  });
}

/** PyTorch's own files. */
const torchFolder = fileURLToPath(new URL("../fixtures/pytorch/", import.meta.url));

/** The pickle of a PyTorch checkpoint, and the files beside it. */
function pickleOf(archive: Uint8Array): { name: string; bytes: Uint8Array; files: Record<string, Uint8Array> } {
  const entries = [...readZip(memoryBytes(archive, "archive"))];
  const files = Object.fromEntries(entries.map(([name, { size, read }]) => [name, read(0, size)]));
  const name = Object.keys(files).find((each) => each.endsWith("data.pkl"))!;
  return { name, bytes: files[name]!, files };
}

/** Looks at all numbers, as many as the shapes say. */
function numbersOf({ tensors }: WeightsFile): void {
  for (const { data, shape } of tensors.values())
    if (data.length !== sizeOf({ shape })) throw new Error(`${data.length} numbers for [${shape}]`);
}

function usePipeline(pipeline: ReturnType<typeof parsePipeline>): void {
  describePipeline(pipeline, { catalog, findBlock });
  compile(pipeline, catalog);
}

function makeLog(folder: string): Buffer {
  const run = mkdtempSync(join(folder, "made-"));
  const log = RunLog.open(run);
  const lines = fc
    .sample(bodyArbitrary, { numRuns: 40, seed: 7 })
    .map((body) => JSON.stringify(log.append(body as never)));
  log.close();
  return Buffer.from(`${lines.join("\n")}\n`);
}

async function makeCheckpoint(folder: string): Promise<Buffer> {
  const data = { shape: [3], data: Float32Array.of(1, 2, 3) };
  await saveCheckpoint(
    folder,
    { step: 5, seconds: 1, weights: new Map([["a", data]]), moments: new Map([["m.a", data]]) },
    {},
  );
  return readFileSync(join(folder, checkpointFile(5)));
}

/** A folder for readers, outside of everything. */
export function fuzzFolder(): string {
  return mkdtempSync(join(tmpdir(), "flamingo-fuzz-"));
}
