import { type ErrorReport, FlamingoError } from "../../../src/core/errors.ts";
import { requestHeader } from "../../shared/protocol.ts";
import { ask as askServer } from "./token.ts";

/** Asks the server for JSON. @throws FlamingoError as the server tells it, or NOT_FOUND if there is no answer at all */
export function getJson<T>(path: string): Promise<T> {
  return ask<T>(path, {});
}

/** Sends JSON to the server, and gives back its answer. */
export function sendJson<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json", [requestHeader]: "1" };
  return ask<T>(path, { method, headers, body: JSON.stringify(body) });
}

/** Sends a part of a file. */
export function sendBytes(path: string, bytes: Blob): Promise<unknown> {
  const headers = { "content-type": "application/octet-stream", [requestHeader]: "1" };
  return ask(path, { method: "PUT", headers, body: bytes });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await askServer(path, init);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // not of the network: `fetch` reports that as a TypeError
    throw new FlamingoError("NOT_FOUND", "the studio's server does not answer", {
      source: path,
      fix: "start it again with `npm start`",
    });
  }
  const value: unknown = await response.json().catch(() => undefined);
  if (response.ok && (value !== undefined || response.status === 204)) return value as T;
  const { code, message, ...details } = reportIn(value) ?? {
    code: "INTERNAL" as const,
    message: `${path} was answered with ${response.status} ${response.statusText}`,
  };
  throw new FlamingoError(code, message, details);
}

function reportIn(value: unknown): ErrorReport | undefined {
  const inner = (value as { error?: unknown } | undefined)?.error ?? value;
  const report = inner as Partial<ErrorReport> | undefined;
  return typeof report?.code === "string" && typeof report.message === "string" ? (report as ErrorReport) : undefined;
}
