/** The local server's doors, tried as an attacker would: by requests that a browser of another site could be made to send. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AddressStore } from "../../src/browser/address-store.ts";
import { LiveHost } from "../../src/browser/live-host.ts";
import { NotebookFiles } from "../../src/browser/notebook-files.ts";
import { startServer } from "../../src/browser/server.ts";
import type { LocalServer } from "../../src/browser/server.ts";
import type { FirstAnswers } from "../../src/protocol/host.ts";
import { TrustStore } from "../../src/browser/trust-store.ts";
import { recordings } from "../../src/cli/recordings.ts";

let base: string;
let files: NotebookFiles;
let server: LocalServer;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET", body = ""): Promise<Answer> {
  return new Promise((done, fail) => {
    const sent = request(
      { host: "127.0.0.1", port: server.port, path, method, headers: { host: `localhost:${server.port}`, ...headers } },
      response => {
        let text = "";
        response.on("data", part => (text += String(part)));
        response.on("end", () => done({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}

async function signIn(): Promise<string> {
  const { headers } = await ask(`/${new URL(server.address()).search}`);
  return String(headers["set-cookie"]).split(";")[0];
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "tidemark-server-"));
  const pages = join(base, "pages");
  for (const folder of [".vite", "assets", "kernel"]) mkdirSync(join(pages, folder), { recursive: true });
  const manifest = {
    "index.html": { file: "assets/index.js", css: ["assets/index.css"], imports: ["_shared.js"] },
    "kernel/kernel.html": { file: "assets/kernel.js", imports: ["_shared.js"] },
    "_shared.js": { file: "assets/shared.js" },
  };
  writeFileSync(join(pages, ".vite/manifest.json"), JSON.stringify(manifest));
  for (const file of [
    "index.html",
    "kernel/kernel.html",
    "assets/index.js",
    "assets/index.css",
    "assets/kernel.js",
    "assets/shared.js",
  ]) {
    writeFileSync(join(pages, file), file === "index.html" ? `${file}</body>` : file);
  }
  files = new NotebookFiles(new TrustStore(join(base, "home"), []), base);
  const live = new LiveHost(files, new AddressStore(join(base, "home")), recordings);
  server = await startServer({ files, live, pages });
});

afterAll(async () => {
  await server.close();
  rmSync(base, { recursive: true, force: true });
});

test("without the cookie nothing is served", async () => {
  for (const path of ["/", "/assets/index.js", "/?token=guess"]) expect((await ask(path)).status).toBe(403);
  expect((await ask("/host/initial", { "content-type": "application/json" }, "POST", "[]")).status).toBe(403);
});

test("a token opens once and gives a cookie that scripts can't read and other sites can't send", async () => {
  const path = `/${new URL(server.address()).search}`;
  const first = await ask(path);
  expect(first.status).toBe(200);
  expect(String(first.headers["set-cookie"])).toMatch(/^tidemark-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
  expect(String(first.headers["set-cookie"])).not.toContain(new URL(server.address()).searchParams.get("token"));
  const second = await ask(path);
  expect(second.status).toBe(403);
  expect(second.headers["set-cookie"]).toBeUndefined();
});

test("a name of another host that points here is turned away, also with the cookie", async () => {
  const cookie = await signIn();
  expect((await ask("/", { cookie })).body).toMatch(/^index\.html/);
  for (const host of [
    "evil.example",
    `evil.example:${server.port}`,
    "localhost",
    `127.0.0.1:${server.port}`,
    "localhost:1",
    `k-0123456789abcdef0123.localhost:${server.port}`,
  ]) {
    expect((await ask("/", { cookie, host })).status).toBe(421);
  }
});

test("calls need the app's own origin and JSON", async () => {
  const cookie = await signIn();
  const origin = `http://localhost:${server.port}`;
  const json = { cookie, origin, "content-type": "application/json" };
  const good = await ask("/host/notebooks", json, "POST", "[]");
  expect([good.status, good.body]).toEqual([200, "[]"]);
  expect((await ask("/host/notebooks", { ...json, origin: "https://evil.example" }, "POST", "[]")).status).toBe(403);
  expect((await ask("/host/notebooks", { ...json, origin: "null" }, "POST", "[]")).status).toBe(403);
  expect((await ask("/host/notebooks", { ...json, "content-type": "text/plain" }, "POST", "[]")).status).toBe(415);
  expect((await ask("/host/notebooks", json, "POST", "{")).status).toBe(400);
  expect((await ask("/host/toString", json, "POST", "[]")).status).toBe(400);
  const refused = await ask("/host/save", json, "POST", JSON.stringify(["/etc/passwd", "x", { force: true }]));
  expect(refused.status).toBe(400);
  expect(refused.body).toContain("not opened here");
});

test("the shell may run its own files only, and frame kernels only", async () => {
  const { headers } = await ask("/", { cookie: await signIn() });
  const policy = String(headers["content-security-policy"]);
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toMatch(/script-src[^;]*(unsafe|http|blob|data)/);
  expect(policy).toContain(`frame-src http://*.localhost:${server.port};`);
  expect(policy).toContain("frame-ancestors 'none'");
});

test("the page brings what it would ask first, and no text of a notebook ends the element that it stands in", async () => {
  const cookie = await signIn();
  const answers = async () => {
    const { body } = await ask("/", { cookie });
    const [, json] = /<script type="application\/json" id="first-answers">([^<]*)<\/script><\/body>$/.exec(body) ?? [];
    return JSON.parse(json) as FirstAnswers;
  };
  const text = "<!doctype html>\n<notebook>\n<title>$& </script><script>alert(1)</script></title>\n</notebook>\n";
  expect((await answers()).initial).toBeNull();
  const path = join(base, "first.html");
  writeFileSync(path, text);
  await files.startWith(path);
  const [one, other] = [await answers(), await answers()];
  expect(one.initial).toMatchObject({ name: "first.html", text, trusted: true });
  expect(one.kernelUrl).toMatch(/^http:\/\/k-[0-9a-f]{24}\.localhost:/);
  expect(other.kernelUrl).not.toBe(one.kernelUrl);
  expect((await ask("/", { host: new URL(String(one.kernelUrl)).host })).body).toBe("kernel/kernel.html");

  writeFileSync(path, text + " ".repeat(1 << 20));
  expect(await answers()).not.toHaveProperty("initial");
  rmSync(path);
  expect(await answers()).not.toHaveProperty("initial");
});

test("a kernel's origin serves the kernel's files only, and no calls", async () => {
  const cookie = await signIn();
  const json = { cookie, origin: `http://localhost:${server.port}`, "content-type": "application/json" };
  const url = new URL(JSON.parse((await ask("/host/kernelUrl", json, "POST", "[]")).body) as string);
  expect(url.hostname).toMatch(/^k-[0-9a-f]{24}\.localhost$/);
  const host = url.host;
  const page = await ask("/", { host });
  expect(page.body).toBe("kernel/kernel.html");
  expect(String(page.headers["content-security-policy"])).toContain("sandbox allow-scripts;");
  expect(String(page.headers["content-security-policy"])).toContain("connect-src 'none'");
  const script = await ask("/assets/kernel.js", { host });
  expect([script.status, script.headers["access-control-allow-origin"]]).toEqual([200, "*"]);
  expect((await ask("/assets/shared.js", { host })).status).toBe(200);
  for (const path of [
    "/index.html",
    "/assets/index.js",
    "/.vite/manifest.json",
    "/assets/../index.html",
    "/%2e%2e/secret",
  ]) {
    expect((await ask(path, { host, cookie })).status).toBe(404);
  }
  expect((await ask("/host/notebooks", { ...json, host }, "POST", "[]")).status).toBe(405);
});

test("paths do not lead out of the pages", async () => {
  const cookie = await signIn();
  for (const path of ["/../home", "/assets/%2e%2e/%2e%2e/x", "/.vite/manifest.json", "/assets/", "//etc/passwd"]) {
    expect((await ask(path, { cookie })).status).toBe(404);
  }
});

test("a part of a data file comes with its range and the file's version", async () => {
  const cookie = await signIn();
  const json = { cookie, origin: `http://localhost:${server.port}`, "content-type": "application/json" };
  const { handle } = JSON.parse((await ask("/host/create", json, "POST", JSON.stringify(["parts.html"]))).body) as {
    handle: string;
  };
  writeFileSync(join(base, "parts.csv"), "0123456789");
  const part = (...args: unknown[]): Promise<Answer> =>
    ask("/host/readPart", json, "POST", JSON.stringify([handle, "parts.csv", ...args]));
  const middle = await part(3, 6);
  expect([middle.status, middle.body, middle.headers["content-range"]]).toEqual([206, "345", "bytes 3-5/10"]);
  expect((await part(8, 100)).body).toBe("89");
  expect((await part(0, 0)).headers["content-range"]).toBe("bytes */10");
  writeFileSync(join(base, "parts.csv"), "01234567890");
  expect((await part(3, 6)).headers["etag"]).not.toBe(middle.headers["etag"]);
  for (const wrong of [
    [-1, 2],
    [5, 3],
    [0.5, 2],
    ["0", 2],
    [0, 2 ** 40],
  ])
    expect((await part(...wrong)).status).toBe(400);
});
