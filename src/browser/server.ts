/**
 * The local server: the same app as on the desktop, in a browser, for this user on this machine alone.
 *
 * It listens on the loopback interface. The printed address carries a token that works once and is exchanged for a cookie
 * that scripts can't read and other sites can't send. Each kernel has an origin of its own, `http://k-<id>.localhost:PORT`,
 * which serves the kernel's page and nothing else.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FIRST_ANSWERS, type FirstAnswers } from "../protocol/host.ts";
import { isPart } from "./file-parts.ts";
import { callHost } from "./host-calls.ts";
import type { LiveHost } from "./live-host.ts";
import { HostError } from "./notebook-files.ts";
import type { NotebookFiles } from "./notebook-files.ts";
import { Pages } from "./pages.ts";
import type { PageFile } from "./pages.ts";

export interface LocalServer {
  readonly port: number;
  /** Gives an address that opens the app once. */
  address(): string;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly files: NotebookFiles;
  readonly live: LiveHost;
  /** The folder of the built pages. */
  readonly pages: string;
  /** 0 takes a free port. */
  readonly port?: number;
}

/** Largest request: a notebook with much text in it. */
const largestBody = 64 * 1024 * 1024;

/** Starts the server on 127.0.0.1, and on ::1 where the machine has it, so that no other program can stand there. */
export async function startServer(options: ServerOptions): Promise<LocalServer> {
  const tokens = new Set<string>();
  const secret = randomBytes(32).toString("base64url");
  const kernels = new Set<string>();
  let port = options.port ?? 0;
  let pages: Pages | null = null;

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const door: Door = { port, secret, tokens, kernels, files: options.files, live: options.live, pages: pages! };
    respond(door, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500, { "Content-Type": "text/plain" });
      response.end();
    });
  };
  const first = await listen(answer, port, "127.0.0.1");
  port = (first.address() as AddressInfo).port;
  pages = new Pages(options.pages, `http://*.localhost:${port}`);
  const second = await listen(answer, port, "::1").catch(() => null);

  return {
    port,
    address: () => {
      const token = randomBytes(24).toString("base64url");
      tokens.add(token);
      return `http://localhost:${port}/?token=${token}`;
    },
    close: async () => {
      for (const server of [first, second]) {
        server?.closeAllConnections();
        await new Promise<void>(done => (server === null ? done() : server.close(() => done())));
      }
    },
  };
}

interface Door {
  readonly port: number;
  readonly secret: string;
  readonly tokens: Set<string>;
  readonly kernels: Set<string>;
  readonly files: NotebookFiles;
  readonly live: LiveHost;
  readonly pages: Pages;
}

function listen(answer: (request: IncomingMessage, response: ServerResponse) => void, port: number, host: string) {
  return new Promise<Server>((done, fail) => {
    const server = createServer(answer);
    server.once("error", fail);
    server.listen(port, host, () => done(server));
  });
}

async function respond(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A page of another site can have its name point to this machine; its requests then carry that name.
  const host = request.headers.host ?? "";
  const kernel = /^k-([a-z0-9]{16,64})\.localhost:(\d+)$/.exec(host);
  if (kernel !== null && Number(kernel[2]) === door.port && door.kernels.has(kernel[1])) {
    return request.method === "GET"
      ? send(response, door.pages.kernel(pathOf(request)))
      : refuse(response, 405, "only GET");
  }
  if (host !== `localhost:${door.port}`) {
    return refuse(response, 421, `this server answers to localhost:${door.port} only`);
  }

  const url = new URL(request.url ?? "/", `http://${host}`);
  const token = url.searchParams.get("token");
  if (request.method === "GET" && url.pathname === "/" && token !== null)
    return welcome(door, token, request, response);
  if (!hasCookie(door, request)) return refuse(response, 403, lockedOut);
  if (request.method === "GET" && url.pathname === "/") return begin(door, response);
  if (request.method === "GET") return send(response, door.pages.shell(url.pathname));
  if (request.method === "POST" && url.pathname.startsWith("/host/"))
    return call(door, url.pathname, request, response);
  return refuse(response, 405, "only GET, and POST to /host/");
}

const lockedOut =
  "This link was used already, or is from an earlier start. Open the newest link from the terminal; press Enter there for another.";

/**
 * Exchanges a token for the cookie. The next page is reached by a refresh and not by a redirect, because after a redirect
 * from a link on another site the browser would hold back a cookie that is meant for this site alone.
 */
function welcome(door: Door, token: string, request: IncomingMessage, response: ServerResponse): void {
  const known = [...door.tokens].find(each => same(each, token));
  if (known === undefined && !hasCookie(door, request)) return refuse(response, 403, lockedOut);
  const headers: Record<string, string> = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
  };
  if (known !== undefined) {
    door.tokens.delete(known);
    headers["Set-Cookie"] = `${cookieName(door)}=${door.secret}; HttpOnly; SameSite=Strict; Path=/`;
  }
  response.writeHead(200, headers);
  response.end('<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Tidemark</title>');
}

function cookieName(door: Door): string {
  return `tidemark-${door.port}`;
}

function hasCookie(door: Door, request: IncomingMessage): boolean {
  const wanted = `${cookieName(door)}=`;
  const cookies = (request.headers.cookie ?? "").split(/;\s*/);
  return cookies.some(each => each.startsWith(wanted) && same(each.slice(wanted.length), door.secret));
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? "/", "http://localhost").pathname;
}

function send(response: ServerResponse, file: PageFile | null): void {
  if (file === null) return refuse(response, 404, "nothing is here");
  // A kernel waits for a script of a megabyte each time: in one piece it is there sooner than in sixteen.
  const stream = createReadStream(file.path, { highWaterMark: 1 << 20 });
  stream.once("open", () => response.writeHead(200, file.headers));
  stream.once("error", () => refuse(response, 404, "nothing is here"));
  stream.pipe(response);
}

/** Characters of a notebook that are put into the page at most; a longer one is asked for. */
const longestWithin = 1 << 20;

/**
 * Sends the app's page with the answers to what it asks first, so that neither the kernel nor the cells wait for a request. What cannot
 * be told is left out: the page asks for it then, and hears why.
 */
async function begin(door: Door, response: ServerResponse): Promise<void> {
  const page = door.pages.shell("/");
  if (page === null) return refuse(response, 404, "nothing is here");
  const [html, initial] = await Promise.all([readFile(page.path, "utf8"), door.files.initial().catch(() => undefined)]);
  const within = initial == null || initial.text.length <= longestWithin ? initial : undefined;
  const answers: FirstAnswers = {
    kernelUrl: placeOf(door).kernelUrl(),
    ...(within === undefined ? {} : { initial: within }),
  };
  // No text of a notebook may end the element that it stands in.
  const json = JSON.stringify(answers).replaceAll("<", "\\u003c");
  response.writeHead(200, page.headers);
  response.end(
    html.replace("</body>", () => `<script type="application/json" id="${FIRST_ANSWERS}">${json}</script></body>`),
  );
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (!response.headersSent) response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${reason}\n`);
}

/** Answers one call of the page. The origin must be the app's own, also when the cookie is right. */
async function call(door: Door, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.headers.origin !== `http://localhost:${door.port}`) return refuse(response, 403, "another origin asks");
  if (request.headers["content-type"] !== "application/json") return refuse(response, 415, "send application/json");
  const body = await bodyOf(request);
  if (body === null) return refuse(response, 413, `at most ${largestBody} bytes`);
  try {
    const result = await callHost(door.files, placeOf(door), path.slice("/host/".length), argumentsIn(body));
    if (result instanceof Uint8Array) {
      response.writeHead(200, { "Content-Type": "application/octet-stream", "Cache-Control": "no-store" });
      response.end(result);
    } else if (isPart(result)) {
      const { bytes, from, size, version } = result;
      const range = bytes.length === 0 ? "*" : `${from}-${from + bytes.length - 1}`;
      response.writeHead(206, {
        "Content-Type": "application/octet-stream",
        "Content-Range": `bytes ${range}/${size}`,
        ETag: JSON.stringify(version),
        "Cache-Control": "no-store",
      });
      response.end(bytes);
    } else {
      response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
      response.end(JSON.stringify(result ?? null));
    }
  } catch (error) {
    const [status, reason] = error instanceof HostError ? [400, error.message] : [500, String(error)];
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ error: reason }));
  }
}

function argumentsIn(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new HostError("the arguments are not JSON");
  }
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > largestBody) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** In a browser the page itself offers downloads and follows links, and files are chosen from the folder's list. */
function placeOf(door: Door) {
  return {
    kernelUrl: () => {
      const id = randomBytes(12).toString("hex");
      door.kernels.add(id);
      return `http://k-${id}.localhost:${door.port}/`;
    },
    chooseAndOpen: async () => null,
    saveFiles: async () => false,
    openExternal: async () => undefined,
    live: door.live,
  };
}
