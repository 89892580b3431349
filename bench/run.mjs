/**
 * The benchmarks: Tidemark, the columnar loop that is the limit, the loop an expert writes by hand, and other tools, on the
 * same work in one process, round by round; and what else was promised: reading, memory, growth, the app itself.
 *
 *     node bench/run.mjs [--quick] [--peers] [--only W1,W6,curves,app] [--workers] [--all] [--rounds 9] [--no-write]
 *
 * `--quick` takes a minute; `--peers` installs the peers of `bench/package.json` into `bench/node_modules` first and runs
 * them too; `--all` runs what else only runs when named; `--workers` is short for `--only workers`. What was measured last of
 * each work is kept in `bench/results.json`, with its day, and `docs/benchmarks.md` is written from it, so that a part can be
 * measured again alone.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import columnar from "./baselines/col.mjs";
import { load } from "./baselines/data.mjs";
import hand from "./baselines/hand.mjs";
import { report } from "./report.mjs";
import { WORKS } from "./works/index.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    only: { type: "string" },
    workers: { type: "boolean", default: false },
    all: { type: "boolean", default: false },
    rounds: { type: "string" },
    "no-write": { type: "boolean", default: false },
  },
});

const only = options.workers ? ["workers"] : options.only?.split(",");
const unknown = only?.filter(name => !WORKS.some(work => work.name === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`Nothing is called ${unknown.join(", ")}. There are ${WORKS.map(work => work.name).join(", ")}.`);
const works = WORKS.filter(({ name, long, asked }) =>
  only === undefined ? options.all || (asked !== true && !(options.quick && long === true)) : only.includes(name),
);

/** Peers that could not be loaded or could not do a work, and why. */
const missing = [];
const data = load();
const tidemark = (await import("./tidemark.ts")).default;
const own = [columnar, hand, tidemark];
const context = {
  data,
  /** Whose results must be right; the first is the limit, the second the loop by hand. */
  own,
  entries: [...own, ...(options.peers ? await installedPeers() : [])],
  missing,
  quick: options.quick,
  count: Number(options.rounds ?? (options.quick ? 5 : 9)),
};

const file = path.join(import.meta.dirname, "results.json");
const results = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : { works: {}, missing: [] };
results.machine = machine();
if (options.peers) results.missing = missing;
for (const work of works) {
  const load1 = os.loadavg()[0];
  const measured = { date: new Date().toISOString().slice(0, 10), load: load1, quick: options.quick, rows: data.n };
  results.works[work.name] = { ...measured, ...(await work.measure(context)) };
}
const text = report(results);
console.log(text);
if (!options["no-write"]) {
  fs.writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  const to = path.join(import.meta.dirname, "..", "docs", "benchmarks.md");
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to, text);
  console.error(`written to ${path.relative(process.cwd(), to)}`);
}

/** Installs the peers beside this file and loads those that this machine can load. */
async function installedPeers() {
  const cwd = import.meta.dirname;
  // With this Node first in the path: an older one on the machine would make npm pass over the parts for this platform.
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], {
    cwd,
    stdio: "inherit",
    env: { ...process.env, PATH: [path.dirname(process.execPath), process.env.PATH].join(path.delimiter) },
  });
  if (status !== 0) console.error("npm could not install all peers; those that are there run.");
  const peers = [];
  for (const name of fs.readdirSync(path.join(cwd, "peers")).sort())
    try {
      peers.push((await import(`./peers/${name}`)).default);
    } catch (error) {
      console.error(`${name}: ${error.message}`);
      missing.push(`${path.basename(name, ".mjs")}: ${error.message.split("\n")[0]}`);
    }
  return peers;
}

function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0].model.trim(),
    cores: cpus.length,
    memory: os.totalmem(),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
  };
}
