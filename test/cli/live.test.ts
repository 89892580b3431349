/** Live sources on the command line: standard input, made-up payments, a server; recording until a time is up, and after a crash. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LiveServer } from "../browser/live-server.ts";

const MAIN = resolve(import.meta.dirname, "../../src/cli/main.ts");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-cli-live-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

function start(args: readonly string[]): { child: ChildProcess; done: Promise<Ran> } {
  const script = `import { main } from ${JSON.stringify(MAIN)}; process.exitCode = await main(process.argv.slice(1));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
    env: { ...process.env, TIDEMARK_HOME: join(folder, "home"), NODE_NO_WARNINGS: "1" },
    stdio: "pipe",
  });
  let [out, error] = ["", ""];
  child.stdout.on("data", part => (out += String(part)));
  child.stderr.on("data", part => (error += String(part)));
  return { child, done: new Promise(done => child.once("close", code => done({ code, out, error }))) };
}

async function tidemark(args: readonly string[], input?: string): Promise<Ran> {
  const { child, done } = start(args);
  child.stdin?.end(input ?? "");
  return done;
}

function notebook(name: string, ...cells: string[]): string {
  const path = join(folder, name);
  const scripts = cells.map(
    (cell, i) => `  <script id="${i + 1}" type="text/x-typescript">\n${cell.replaceAll(/^/gm, "    ")}\n  </script>\n`,
  );
  writeFileSync(path, `<!doctype html>\n<notebook>\n  <title>t</title>\n${scripts.join("")}</notebook>\n`);
  return path;
}

const counts = `const counts = events.groupby("k").window(fixed("1 min")).rollup({n: op.count(), v: d => op.sum(d.v)})`;
const lines = ['{"t":"2026-03-28T12:00:01Z","k":"a","v":1}', '{"t":"2026-03-28T12:00:02Z","k":"a","v":2}', "no json"];

test("standard input is read live until it is over", async () => {
  const file = notebook("stdin.html", `const events = source("-", {eventTime: "t"})`, counts);
  const { code, out, error } = await tidemark(["run", file, "--format", "jsonl"], lines.join("\n"));
  expect(error).toMatch(/2 rows.*1 malformed/);
  expect([
    code,
    out
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as unknown),
  ]).toEqual([0, [expect.objectContaining({ k: "a", n: 2, v: 3 })]]);
});

test("a log of the notebook can come through standard input", async () => {
  const file = notebook("log.html", `const events = source("app.csv", {eventTime: "t"})`, counts);
  const csv = "t,k,v\n2026-03-28T12:00:01Z,b,5\n";
  const { code, out } = await tidemark(["run", file, "--stdin", "app.csv", "--format", "csv"], csv);
  expect([code, out]).toEqual([0, expect.stringMatching(/^k,.*\nb,.*,1,5\n$/)]);
});

test("an address has to be allowed", async () => {
  const server = new LiveServer();
  const port = await server.start();
  const url = `http://127.0.0.1:${port}/lines`;
  const file = notebook("http.html", `const events = source({url: "${url}"}, {eventTime: "t"})`, counts);
  try {
    const refused = await tidemark(["run", file]);
    expect(refused).toMatchObject({
      code: 1,
      error: expect.stringContaining(`127.0.0.1:${port}. If it may, say so: --allow`),
    });
    expect(server.asked).toEqual([]);
    const { done } = start(["run", file, "--allow", url, "--format", "jsonl"]);
    await expect.poll(() => server.listeners, { timeout: 20_000 }).toBe(1);
    server.send(`${lines[0]}\n`);
    await new Promise(sent => setTimeout(sent, 900));
    server.send(`${lines[1]}\n`);
    server.end();
    const { code, out, error } = await done;
    expect([code, error]).toEqual([0, expect.stringContaining("ended, the server sent its last line")]);
    expect(JSON.parse(out)).toMatchObject({ n: 2, v: 3 });
  } finally {
    await server.close();
  }
});

const payments = `const payments = source({simulate: "payments", rate: 50}, {eventTime: "paid_at", partition: "branch", watermark: bounded("2 s")})`;

test("a recording stops when the time is up, and the cell that is printed replays it", async () => {
  const file = notebook("record.html", payments, `const big = payments.filter(d => d.amount > 10)`);
  const out = join(folder, "recorded");
  const {
    code,
    out: cell,
    error,
  } = await tidemark(["record", file, "--cell", "payments", "--out", out, "--for", "2s"]);
  expect([code, error]).toEqual([0, expect.stringMatching(/payments: stopped · \d+ rows/)]);
  expect(cell).toContain("watermark: bounded(2000)");
  const rows = Number(/(\d+) rows/.exec(error)?.[1]);
  expect(rows).toBeGreaterThan(50);
  writeFileSync(
    join(out, "again.html"),
    readFileSync(file, "utf8").replace(payments, cell.trim().replaceAll("\n", "\n    ")),
  );
  const again = await tidemark(["run", join(out, "again.html"), "--cell", "payments", "--format", "jsonl"]);
  expect([again.code, again.error]).toEqual([0, expect.stringContaining(`${rows} rows`)]);
  expect(again.out.trim().split("\n")).toHaveLength(rows);
  expect(await tidemark(["record", file, "--cell", "big", "--out", out, "--for", "1s"])).toMatchObject({
    code: 1,
    error: expect.stringContaining("Record the source itself"),
  });
  expect((await tidemark(["record", file, "--out", out, "--for", "a while"])).code).toBe(2);
});

test("what was written before a crash can be read", async () => {
  const file = notebook("crash.html", payments);
  const out = join(folder, "crashed");
  const { child, done } = start(["record", file, "--out", out]);
  const written = (): string[] => {
    try {
      return readdirSync(out).sort();
    } catch {
      return [];
    }
  };
  await expect.poll(() => written().length, { timeout: 20_000 }).toBe(2);
  await new Promise(later => setTimeout(later, 800));
  child.kill("SIGKILL");
  await done;
  const [descriptor, rows] = written();
  expect([descriptor, rows]).toEqual([
    expect.stringMatching(/\.datapackage\.json$/),
    expect.stringMatching(/\.jsonl$/),
  ]);
  const text = readFileSync(join(out, rows), "utf8");
  const whole = text.split("\n").slice(0, -1);
  expect(whole.length).toBeGreaterThan(20);
  for (const line of whole) expect(JSON.parse(line)).toHaveProperty("_arrival");
  const { resources } = JSON.parse(readFileSync(join(out, descriptor), "utf8")) as {
    resources: { path: string; tidemark: { eventTime: string; arrivalTime: string; partition: string } }[];
  };
  const [{ path, tidemark: notes }] = resources;
  const cell = `const payments = source("${path}", {eventTime: "${notes.eventTime}", arrivalTime: "${notes.arrivalTime}", partition: "${notes.partition}"})`;
  writeFileSync(join(out, "again.html"), readFileSync(file, "utf8").replace(payments, cell));
  const again = await tidemark(["run", join(out, "again.html"), "--format", "jsonl"]);
  expect(again.out.trim().split("\n").length).toBeGreaterThanOrEqual(whole.length);
});

test("Ctrl-C ends a live run, and what came is printed", async () => {
  const file = notebook("int.html", payments, `const n = payments.rollup({n: op.count()})`);
  const { child, done } = start(["run", file, "--format", "jsonl"]);
  let error = "";
  child.stderr?.on("data", part => (error += String(part)));
  await expect.poll(() => error, { timeout: 20_000 }).toContain("connected");
  await new Promise(later => setTimeout(later, 1_500));
  child.kill("SIGINT");
  const { code, out } = await done;
  expect(code).toBe(0);
  expect((JSON.parse(out) as { n: number }).n).toBeGreaterThan(20);
});
