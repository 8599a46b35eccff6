import { type Entered, enterPath, requestHeader } from "../../shared/protocol.ts";
import { browserStorage } from "./browserStorage.ts";

/**
 * The token by which the page asks the server. It comes in the page's address, or in exchange for a code that does, and is
 * kept in the browser's storage for this address and port: unlike a cookie, it goes to no other server of this machine.
 */
const key = "flamingo-token";

/** The token that storage had no room for: it lasts as long as the page is open. */
let unstored: string | undefined;

/** Takes the token from the page's address, and cleans the address. Without one there, that of an earlier visit stays. */
export async function enter(): Promise<void> {
  const address = new URL(location.href);
  const code = address.searchParams.get("code");
  const token = address.searchParams.get("token") ?? (code === null ? undefined : await exchange(code));
  if (token) keep(token);
  if (code === null && !address.searchParams.has("token")) return;
  for (const name of ["code", "token"]) address.searchParams.delete(name);
  history.replaceState(history.state, "", `${address.pathname}${address.search}${address.hash}`);
}

/** Empty before the first visit. */
export function studioToken(): string {
  return unstored ?? browserStorage.getItem(key) ?? "";
}

/** Asks for something of the server's, as this page. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${studioToken()}`);
  return fetch(path, { ...init, headers, credentials: "omit" });
}

async function exchange(code: string): Promise<string | undefined> {
  const headers = { "content-type": "application/json", [requestHeader]: "1" };
  const answer = await fetch(enterPath, { method: "POST", headers, body: JSON.stringify({ code }) });
  return answer.ok ? ((await answer.json()) as Entered).token : undefined;
}

function keep(token: string): void {
  try {
    browserStorage.setItem(key, token);
    unstored = undefined;
  } catch {
    unstored = token;
  }
}
