import { readFileSync } from "node:fs";
import * as z from "zod";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Channel } from "./message.ts";

const port = z.int().min(1).max(65_535);

/** What a client writes down for the kernel that it starts (Jupyter client, connection files). */
export const connectionSchema = z.looseObject({
  transport: z.enum(["tcp", "ipc"]).default("tcp"),
  /** Address, or for `ipc` the sockets' path up to the port. */
  ip: z.string().min(1),
  shell_port: port,
  control_port: port,
  iopub_port: port,
  stdin_port: port,
  hb_port: port,
  key: z.string().default(""),
  signature_scheme: z.string().default("hmac-sha256"),
});
export type Connection = z.infer<typeof connectionSchema>;

/** @throws FlamingoError KERNEL_CONNECTION where the file cannot be read or does not fit */
export function readConnection(file: string): Connection {
  const fix = "start the kernel from a Jupyter client: it writes this file";
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const message = `the connection file ${file} cannot be read: ${(error as Error).message}`;
    throw new FlamingoError("KERNEL_CONNECTION", message, { source: file, fix });
  }
  const parsed = connectionSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const message = `the connection file ${file} does not fit: ${z.prettifyError(parsed.error)}`;
  throw new FlamingoError("KERNEL_CONNECTION", message, { source: file, fix });
}

/** The ZeroMQ address of a channel. */
export function endpoint(connection: Connection, channel: Channel | "hb"): string {
  const separator = connection.transport === "tcp" ? ":" : "-";
  return `${connection.transport}://${connection.ip}${separator}${connection[`${channel}_port`]}`;
}
