import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { endpoint, readConnection } from "../../../kernel/protocol/connection.ts";

const folder = mkdtempSync(join(tmpdir(), "flamingo-connection-"));
afterAll(() => rmSync(folder, { recursive: true }));

const valid = {
  transport: "tcp",
  ip: "127.0.0.1",
  shell_port: 1001,
  control_port: 1002,
  iopub_port: 1003,
  stdin_port: 1004,
  hb_port: 1005,
  key: "secret",
  signature_scheme: "hmac-sha256",
};

function write(text: string): string {
  const file = join(folder, "connection.json");
  writeFileSync(file, text);
  return file;
}

describe("a connection file", () => {
  test("says where each channel is", () => {
    const connection = readConnection(write(JSON.stringify({ ...valid, kernel_name: "flamingo" })));
    expect(endpoint(connection, "shell")).toBe("tcp://127.0.0.1:1001");
    expect(endpoint(connection, "hb")).toBe("tcp://127.0.0.1:1005");
    expect(endpoint({ ...connection, transport: "ipc", ip: "/run/kernel" }, "iopub")).toBe("ipc:///run/kernel-1003");
  });

  test.each([
    ["no JSON", "{"],
    ["a port that is none", JSON.stringify({ ...valid, shell_port: 70_000 })],
    ["a channel missing", JSON.stringify({ ...valid, control_port: undefined })],
    ["an unknown transport", JSON.stringify({ ...valid, transport: "pigeon" })],
  ])("with %s is refused, named", (_, text) => {
    const file = write(text);
    expect(() => readConnection(file)).toThrow(
      expect.objectContaining({ code: "KERNEL_CONNECTION", message: expect.stringContaining(file) }),
    );
  });
});
