import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { NextFunction, Request, Response } from "express";
import { FlamingoError } from "../../src/core/errors.ts";
import { requestHeader } from "../shared/protocol.ts";

/** Names under which a browser on this machine reaches the studio. Compared as they are written, never looked up. */
const hostNames: readonly string[] = ["127.0.0.1", "localhost"];

const contentPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const securityHeaders = {
  "Content-Security-Policy": contentPolicy,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/**
 * Who may ask the studio anything. A request must
 * - name this machine as its host, so that another site's name that is pointed at us gets nothing,
 * - carry the token of this start, as a cookie or a bearer,
 * - and, where it changes something, come from our own page: its exact origin, a header of ours, JSON.
 */
export class Access {
  readonly token = randomBytes(24).toString("base64url");
  readonly #cookie: string;

  /** @param port cookies do not tell ports apart, so each studio has a cookie of its own */
  constructor(port: number) {
    this.#cookie = `flamingo-${port}`;
  }

  /** The header that makes a browser keep the token. */
  get cookie(): string {
    return `${this.#cookie}=${this.token}; Path=/; HttpOnly; SameSite=Strict`;
  }

  isToken(given: unknown): boolean {
    return typeof given === "string" && timingSafeEqual(digest(given), digest(this.token));
  }

  /** Whether a websocket may be opened: the browser asks no leave for it, so everything is checked here. */
  allowsSocket(request: IncomingMessage): boolean {
    return this.#hasToken(request) && isOurHost(request) && (this.#hasBearer(request) || hasOurOrigin(request, false));
  }

  /** Whether a websocket to a kernel may be opened: by our own page, or by a Jupyter client with the token. */
  allowsKernelSocket(request: IncomingMessage): boolean {
    return isOurHost(request) && this.#refuseJupyter(request, "socket") === undefined;
  }

  /**
   * What requests to the Jupyter API pass instead of `check`. Jupyter's clients outside of a browser show the token in
   * their own ways and know nothing of our header; a browser's page is asked for all that our own page has.
   */
  readonly checkJupyter = (request: Request, response: Response, next: NextFunction): void => {
    response.set(securityHeaders);
    const reads = request.method === "GET" || request.method === "HEAD";
    next(refuseStranger(request) ?? this.#refuseJupyter(request, reads ? "read" : "write"));
  };

  /** Every other request passes here before any route is looked for. */
  readonly check = (request: Request, response: Response, next: NextFunction): void => {
    response.set(securityHeaders);
    const refusal = refuseStranger(request) ?? this.#refuseTokenless(request, response) ?? this.#refuseWrite(request);
    if (!response.headersSent) next(refusal);
  };

  #refuseTokenless(request: Request, response: Response): FlamingoError | undefined {
    if (isFirstVisit(request) && this.isToken(request.query.token)) {
      // The token in the address becomes a cookie, and the address clean.
      response.set("Set-Cookie", this.cookie).redirect(303, "/");
      return undefined;
    }
    if (this.#hasToken(request)) return undefined;
    // A link on another site brings no cookie with it; our own page, loaded again, does.
    if (request.headers["sec-fetch-site"] === "cross-site") response.set("Refresh", "0; url=/");
    return new FlamingoError("NO_TOKEN", "the request has no token", {
      fix: "open the address that `flamingo start` printed",
    });
  }

  #refuseWrite(request: Request): FlamingoError | undefined {
    if (request.method === "GET" || request.method === "HEAD") return undefined;
    if (!hasOurOrigin(request, this.#hasBearer(request)))
      return refusal("the request has another origin", "use the studio's own page");
    if (request.headers[requestHeader] === undefined)
      return refusal(`the request lacks the header ${requestHeader}`, "send it, with any value");
    return request.is("application/json")
      ? undefined
      : refusal("the request's body is not JSON", "send application/json");
  }

  #refuseJupyter(request: IncomingMessage, purpose: "read" | "write" | "socket"): FlamingoError | undefined {
    // A token that is shown, unlike a cookie, is nothing that another site's page could make a browser send.
    const shown = this.#hasShownToken(request);
    if (!shown && !this.#hasCookie(request))
      return new FlamingoError("NO_TOKEN", "the request has no token", {
        fix: "send the token of the address that `flamingo start` printed: ?token=, or Authorization: token",
      });
    if (!hasOurOrigin(request, shown || purpose === "read"))
      return refusal("the request has another origin", "use the studio's own page, or a client outside of a browser");
    if (shown || purpose !== "write" || request.headers[requestHeader] !== undefined) return undefined;
    return refusal(`the request lacks the header ${requestHeader}`, "send it, with any value");
  }

  #hasShownToken(request: IncomingMessage): boolean {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    if ((scheme === "Bearer" || scheme === "token") && this.isToken(token)) return true;
    const [, query] = (request.url ?? "").split("?");
    return this.isToken(new URLSearchParams(query).get("token"));
  }

  #hasBearer(request: IncomingMessage): boolean {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    return scheme === "Bearer" && this.isToken(token);
  }

  #hasToken(request: IncomingMessage): boolean {
    return this.#hasBearer(request) || this.#hasCookie(request);
  }

  #hasCookie(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? "").split(";").map((cookie) => cookie.trim());
    return cookies.some((cookie) => {
      return cookie.startsWith(`${this.#cookie}=`) && this.isToken(cookie.slice(this.#cookie.length + 1));
    });
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isOurHost(request: IncomingMessage): boolean {
  const name = /^([^:]+)(:\d+)?$/.exec(request.headers.host ?? "")?.[1];
  return name !== undefined && hostNames.includes(name);
}

/** The page's origin must be ours to the letter; `null` is not, and none at all only passes where `orNone` says so. */
function hasOurOrigin(request: IncomingMessage, orNone: boolean): boolean {
  const { origin, host } = request.headers;
  return origin === undefined ? orNone : origin === `http://${host}`;
}

function refuseStranger(request: Request): FlamingoError | undefined {
  if (!isOurHost(request)) return refusal("the request names another host", "open http://127.0.0.1");
  return isFromHere(request) ? undefined : refusal("the request comes from another site", "use the studio's own page");
}

/** Browsers say where a request comes from. From elsewhere a person may follow a link to the page, and no more. */
function isFromHere(request: Request): boolean {
  const site = request.headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin" || site === "none") return true;
  return isFirstVisit(request) && request.headers["sec-fetch-mode"] === "navigate";
}

function isFirstVisit(request: Request): boolean {
  return request.method === "GET" && request.path === "/";
}

function refusal(message: string, fix: string): FlamingoError {
  return new FlamingoError("FORBIDDEN", message, { fix });
}
