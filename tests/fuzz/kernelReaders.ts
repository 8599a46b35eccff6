import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { readFolderOptions } from "../../kernel/compiler/compilerOptions.ts";
import { foldOutput } from "../../kernel/nbformat/outputs.ts";
import { readConnection } from "../../kernel/protocol/connection.ts";
import { decode } from "../../kernel/protocol/frames.ts";
import { newHeader } from "../../kernel/protocol/message.ts";
import { type RequestType, readContent, requestContents } from "../../kernel/protocol/requests.ts";
import { Signer } from "../../kernel/protocol/signature.ts";
import { HistoryFile } from "../../kernel/session/historyFile.ts";
import { mutatedJson, mutatedText } from "./mutations.ts";
import { type Reader, reader } from "./reader.ts";

const connection = {
  ...{ transport: "tcp", ip: "127.0.0.1", key: "k", signature_scheme: "hmac-sha256" },
  ...{ shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 },
};
const contents = [
  {
    code: "1",
    silent: false,
    store_history: true,
    user_expressions: { a: "1" },
    allow_stdin: true,
    stop_on_error: true,
  },
  { code: "ab", cursor_pos: 1, detail_level: 0 },
  { hist_access_type: "search", pattern: "*", n: 3, output: true, raw: true, session: 0, start: 1, stop: 2 },
  { comm_id: "c", target_name: "t", data: { state: {} } },
];
const outputs = [
  { name: "stdout", text: "hi\n" },
  {
    data: { "text/plain": "2", "image/png": "AA==" },
    metadata: {},
    transient: { display_id: "d" },
    execution_count: 1,
  },
  { ename: "E", evalue: "v", traceback: ["t"] },
  { code: "1", execution_count: 1 },
  { wait: true },
];
const outputTypes = [
  "stream",
  "display_data",
  "update_display_data",
  "execute_result",
  "error",
  "execute_input",
  "clear_output",
];
const historyLines = [
  { kernel: "a" },
  { kernel: "a", line: 1, input: "1 + 1", output: "2" },
  { kernel: "b", line: 1, input: "x" },
];
const tsconfig = {
  extends: "./base.json",
  compilerOptions: { strict: true, jsx: "react-jsx", paths: { "@/*": ["./src/*"] }, lib: ["es2023"], baseUrl: "." },
  include: ["*.ts"],
};

/** Readers of what a kernel is sent, and of the files that it finds. */
export function kernelReaders(folder: string): Reader[] {
  const notebookFolder = join(folder, "notebook");
  mkdirSync(notebookFolder);
  const asText = (...values: unknown[]) =>
    fc.oneof(
      mutatedJson(...values).map((value) => JSON.stringify(value) ?? ""),
      mutatedText(...values.map((value) => JSON.stringify(value))),
    );
  return [
    reader({
      name: "connection file",
      inputs: asText(connection),
      right: JSON.stringify(connection),
      read: (text) => {
        const file = join(folder, "connection.json");
        writeFileSync(file, text);
        readConnection(file);
      },
    }),
    reader({
      name: "signed messages",
      inputs: fc.record({ at: fc.nat(3), part: asText(newHeader("execute_request", "s"), contents[0]) }),
      right: { at: 3, part: JSON.stringify(contents[0]) },
      read: ({ at, part }) => {
        const parts = [JSON.stringify(newHeader("execute_request", "s")), "{}", "{}", "{}"].with(at, part);
        const signer = new Signer("key");
        const frames = ["<IDS|MSG>", signer.sign(parts), ...parts];
        decode(
          frames.map((frame) => Buffer.from(frame)),
          signer,
        );
      },
    }),
    reader({
      name: "kernel requests",
      inputs: fc.record({
        type: fc.constantFrom(...(Object.keys(requestContents) as RequestType[])),
        content: mutatedJson(...contents),
      }),
      right: { type: "execute_request", content: contents[0] },
      read: ({ type, content }) =>
        readContent(type, {
          ...{ header: newHeader(type, "s"), parent_header: {}, metadata: {}, buffers: [] },
          content: content as Record<string, unknown>,
        }),
    }),
    reader({
      name: "kernel outputs",
      inputs: fc.record({ type: fc.constantFrom(...outputTypes), content: mutatedJson(...outputs) }),
      right: { type: "stream", content: outputs[0] },
      read: ({ type, content }) => {
        const first = foldOutput(new Map(), "a", type, content);
        foldOutput(first, "a", "stream", outputs[0]);
      },
    }),
    reader({
      name: "history file",
      inputs: fc.array(asText(...historyLines), { maxLength: 4 }).map((lines) => lines.join("\n")),
      right: historyLines.map((line) => JSON.stringify(line)).join("\n"),
      read: (text) => {
        const file = join(folder, "history.jsonl");
        writeFileSync(file, text);
        const history = new HistoryFile(file, "mine");
        history.add({ line: 1, input: "mine", output: null });
        if (history.read().at(-1)?.input !== "mine") throw new Error("the own cell is not the last");
        for (const { session, line, input, output } of history.read())
          if (
            ![session, line].every(Number.isInteger) ||
            typeof input !== "string" ||
            (output !== null && typeof output !== "string")
          )
            throw new Error(`an entry is ${JSON.stringify([session, line, input, output])}`);
      },
    }),
    reader({
      name: "tsconfig.json",
      inputs: asText(tsconfig),
      right: JSON.stringify(tsconfig),
      read: (text) => {
        writeFileSync(join(notebookFolder, "tsconfig.json"), text);
        readFolderOptions(notebookFolder);
      },
    }),
  ];
}
