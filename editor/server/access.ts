import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { NextFunction, Request, Response } from "express";
import { FlamingoError } from "../../src/core/errors.ts";
import { enterPath, requestHeader, uploadPath } from "../shared/protocol.ts";

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

/** Milliseconds in which a code can be used: as long as a browser takes to open. */
const codeLife = 60_000;

/**
 * Who may ask the studio anything. A request must
 * - name this machine as its host, so that another site's name that is pointed at us gets nothing,
 * - carry the token of this start, as a bearer (or as Jupyter's clients show it, to the Jupyter API),
 * - have our own page's exact origin, where it has one,
 * - and, where it changes something, a header of ours and JSON.
 *
 * A browser sends cookies to every port of this machine, so a cookie is no token here: it opens the page's own files, which
 * hold nothing of the user's, and nothing else. The page has the token from its address and keeps it in storage that belongs
 * to this port. A browser that is opened by the studio is given a code in place of the token, for other users of the machine
 * can read its command line; it can be used once.
 */
export class Access {
  readonly token = randomBytes(24).toString("base64url");
  readonly #page = randomBytes(24).toString("base64url");
  readonly #cookie: string;
  /** Codes and when they were made, by a time that nobody sets. */
  readonly #codes = new Map<string, number>();

  /** @param port cookies do not tell ports apart, so each studio has a cookie of its own */
  constructor(port: number) {
    this.#cookie = `flamingo-${port}`;
  }

  /** The header that makes a browser keep what opens the page. */
  get cookie(): string {
    return `${this.#cookie}=${this.#page}; Path=/; HttpOnly; SameSite=Strict`;
  }

  isToken(given: unknown): boolean {
    return isSame(given, this.token);
  }

  /** A code by which one page gets the token, once. */
  makeCode(): string {
    const code = randomBytes(24).toString("base64url");
    this.#codes.set(code, performance.now());
    return code;
  }

  /** The token, for a code that was not used. @throws FlamingoError NO_TOKEN */
  redeem(code: string): string {
    const fresh = this.#isCode(code);
    this.#codes.delete(code);
    if (fresh) return this.token;
    throw noToken("the code was used already, or is too old", address);
  }

  /** Whether a websocket may be opened: the browser asks no leave for it, so everything is checked here. */
  allowsSocket(request: IncomingMessage): boolean {
    return isOurHost(request) && this.#hasShownToken(request) && hasOurOrigin(request);
  }

  /**
   * What requests to the Jupyter API pass instead of `check`. Jupyter's clients outside of a browser show the token in
   * their own ways, and know nothing of our header.
   */
  readonly checkJupyter = (request: Request, response: Response, next: NextFunction): void => {
    response.set(securityHeaders);
    next(refuseStranger(request) ?? this.#refuseJupyter(request));
  };

  /** Every other request passes here before any route is looked for. */
  readonly check = (request: Request, response: Response, next: NextFunction): void => {
    response.set(securityHeaders);
    next(refuseStranger(request) ?? this.#refuseTokenless(request, response) ?? refuseWrite(request));
  };

  #refuseTokenless(request: Request, response: Response): FlamingoError | undefined {
    if (this.#hasBearer(request)) return undefined;
    const { method, path, query } = request;
    if (method === "POST" && path === enterPath) return undefined; // the code that it brings is looked at there
    if ((method === "GET" || method === "HEAD") && !path.startsWith("/api/")) {
      if (this.#hasCookie(request)) return undefined;
      if (path === "/" && (this.isToken(query.token) || this.#isCode(query.code))) {
        response.set("Set-Cookie", this.cookie);
        return undefined;
      }
    }
    // A link on another site brings no cookie with it; our own page, loaded again, does.
    if (request.headers["sec-fetch-site"] === "cross-site") response.set("Refresh", "0; url=/");
    return noToken("the request has no token", address);
  }

  #refuseJupyter(request: IncomingMessage): FlamingoError | undefined {
    if (!this.#hasShownToken(request)) {
      const ways = "send the token of the address that `flamingo start` printed: ?token=, or Authorization: token";
      return noToken("the request has no token", ways);
    }
    return hasOurOrigin(request)
      ? undefined
      : refusal("the request has another origin", "use the studio's own page, or a client outside of a browser");
  }

  #isCode(given: unknown): boolean {
    for (const [code, made] of this.#codes) if (performance.now() - made > codeLife) this.#codes.delete(code);
    return [...this.#codes.keys()].some((code) => isSame(given, code));
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

  #hasCookie(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? "").split(";").map((cookie) => cookie.trim());
    return cookies.some((cookie) => {
      return cookie.startsWith(`${this.#cookie}=`) && isSame(cookie.slice(this.#cookie.length + 1), this.#page);
    });
  }
}

const address = "open the address that `flamingo start` printed";

function isSame(given: unknown, secret: string): boolean {
  return typeof given === "string" && timingSafeEqual(digest(given), digest(secret));
}

function refuseWrite(request: Request): FlamingoError | undefined {
  if (!hasOurOrigin(request)) return refusal("the request has another origin", "use the studio's own page");
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  if (request.headers[requestHeader] === undefined)
    return refusal(`the request lacks the header ${requestHeader}`, "send it, with any value");
  const [type, what] = isUpload(request) ? ["application/octet-stream", "bytes"] : ["application/json", "JSON"];
  return request.is(type!) ? undefined : refusal(`the request's body is not ${what}`, `send ${type}`);
}

/** A part of a file: the one thing that is not sent as JSON. Its type too is none that a page of another origin may send unasked. */
function isUpload({ method, path }: Request): boolean {
  return method === "PUT" && path.startsWith(`${uploadPath}/`);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isOurHost(request: IncomingMessage): boolean {
  const name = /^([^:]+)(:\d+)?$/.exec(request.headers.host ?? "")?.[1];
  return name !== undefined && hostNames.includes(name);
}

/** A page's origin must be ours to the letter; `null` is not. A client outside of a browser has none. */
function hasOurOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || origin === `http://${host}`;
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

function noToken(message: string, fix: string): FlamingoError {
  return new FlamingoError("NO_TOKEN", message, { fix });
}
