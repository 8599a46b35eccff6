import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../protocol/connection.ts";

/** A connection file for one kernel, in a folder that only this user can look into. */
export interface ConnectionFile {
  connection: Connection;
  path: string;
  remove(): Promise<void>;
}

/** What a socket's address may be long, less what is added to the folder's. */
const longestFolder = 90;

const folders = new Set<string>();
process.on("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * Chooses where a new kernel will listen. Sockets in a private folder need no free port, and nobody else can reach
 * them; where there are none (Windows), or their names would be too long, it is ports of the loopback address.
 */
export async function makeConnectionFile(kernelName: string): Promise<ConnectionFile> {
  const folder = await mkdtemp(join(tmpdir(), "flamingo-kernel-")); // mkdtemp makes it 0700
  folders.add(folder);
  const local = process.platform !== "win32" && folder.length <= longestFolder;
  const ports = local ? [1, 2, 3, 4, 5] : await freePorts(5);
  const connection: Connection = {
    transport: local ? "ipc" : "tcp",
    ip: local ? join(folder, "socket") : "127.0.0.1",
    shell_port: ports[0]!,
    iopub_port: ports[1]!,
    stdin_port: ports[2]!,
    control_port: ports[3]!,
    hb_port: ports[4]!,
    key: randomBytes(32).toString("hex"),
    signature_scheme: "hmac-sha256",
    kernel_name: kernelName,
  };
  const path = join(folder, "connection.json");
  await writeFile(path, JSON.stringify(connection), { mode: 0o600 });
  const remove = async () => {
    folders.delete(folder);
    await rm(folder, { recursive: true, force: true });
  };
  return { connection, path, remove };
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
