/**
 * The benchmarks: Tidemark, the columnar loop that is the limit, the loop an expert writes by hand, and other tools, on the
 * same work in one process, round by round. Every result is checked against the others and against known counts.
 *
 *     node bench/run.mjs [--quick] [--peers] [--only W1,W6] [--rounds 9] [--curves] [--no-write]
 *
 * `--quick` takes a minute; `--peers` installs the peers of `bench/package.json` into `bench/node_modules` first and runs
 * them too; `--curves` measures how costs grow from 100,000 rows to ten million, and only that with `--only curves`. The tables go to `docs/benchmarks.md`.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import columnar from "./baselines/col.mjs";
import { extra, load } from "./baselines/data.mjs";
import hand from "./baselines/hand.mjs";
import { helpers, median, processorTime, ratio, rounds } from "./harness.mjs";
import { report, withCurves, withKept } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string" },
    curves: { type: "boolean", default: false },
    "no-write": { type: "boolean", default: false },
  },
});

/** What the work comes to, known from outside this program: inserts, retractions, dropped rows (or window memberships). */
const TRUTH = {
  W1: { plus: 63_737, minus: 5_437, dropped: 3_825 },
  W2: { plus: 89_420, minus: 25_472, dropped: 9_554 },
  W3: { plus: 26_175, minus: 1_122, dropped: 495 },
  W4: { plus: 5_391, minus: 5_331, dropped: 3_822 },
  W5: { restated: 36_867_204 },
};

const ABOUT = {
  W1: "fixed 1 min, sum and count per key",
  W2: "sliding 5 min / 1 min, count per key",
  W3: "sessions of 30 s, sum per key",
  W4: "windowed join of 2 × 500 k, pairs counted per window",
  W5: "running balance per key, with restatements",
};

const works = options.only?.split(",") ?? [
  "W1",
  "W2",
  "W3",
  "W4",
  "W5",
  "W6",
  "W7",
  ...(options.quick ? [] : ["memory"]),
  ...(options.curves ? ["curves"] : []),
];
const count = Number(options.rounds ?? (options.quick ? 5 : 9));
const warmup = options.quick ? 3 : 5;

/** Peers that could not be loaded, and why. */
const missing = [];
const data = load();
const tidemark = (await import("./tidemark.ts")).default;
const entries = [columnar, hand, tidemark, ...(options.peers ? await installedPeers() : [])];
const results = {
  rows: data.n,
  machine: machine(),
  options,
  count,
  works: {},
  W6: [],
  W7: [],
  memory: null,
  curves: null,
  missing,
};

for (const work of works) {
  if (work in ABOUT) results.works[work] = await compare(work);
  else if (work === "W6" || work === "W7") results[work] = await interact(work);
  else if (work === "memory") results.memory = inOwnProcess("memory.ts", 10_000_000);
  else if (work === "curves")
    results.curves = [100_000, 1_000_000, 10_000_000].map(size => {
      console.error(`curves: ${size} rows`);
      return inOwnProcess("curves.ts", size);
    });
}
const to = path.join(import.meta.dirname, "..", "docs", "benchmarks.md");
const previous = fs.existsSync(to) ? fs.readFileSync(to, "utf8") : "";
// Curves alone take the place of the former ones; what was not measured again stays as it was.
const text = options.only === "curves" ? withCurves(previous, results.curves) : withKept(report(results), previous);
console.log(text);
if (!options["no-write"]) {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.writeFileSync(to, text);
  console.error(`written to ${path.relative(process.cwd(), to)}`);
}

/** Checks every entry's result, then times them in turn. */
async function compare(work) {
  const taking = entries.filter(entry => entry[work] !== undefined);
  const expected = columnar[work].check(await columnar[work].run(data));
  // Plain entries know nothing of lateness: their tables hold all rows, as with an allowed lateness without end.
  // Balances take every row as it is, so there the two are the same.
  const all = columnar[`${work}all`];
  const everything = all === undefined ? expected : all.check(await all.run(data));
  for (const entry of entries) {
    if (entry[work] === undefined) continue;
    const { run, check, late, plain } = entry[work];
    if (plain === true) {
      try {
        const { chk, series } = await check(await run(data));
        if (chk !== everything.chk) throw new Error(`chk is ${chk}, not ${everything.chk}.`);
        if (series !== everything.series) throw new Error(`series is ${series}, not ${everything.series}.`);
      } catch (error) {
        // A peer that cannot do it is left out, and said to be.
        missing.push(`${work}, ${entry.name}: ${error.message.split("\n")[0]}`);
        taking.splice(taking.indexOf(entry), 1);
      }
      continue;
    }
    verify(work, entry.name, check(await run(data)), expected);
    if (late !== undefined) verify(work, `${entry.name}, with its late output`, check(await late(data)), expected);
  }
  console.error(`${work}: ${taking.length} results agree`);
  const slow = taking.filter(entry => entry.slow === true);
  const fast = taking.filter(entry => entry.slow !== true);
  const times = await rounds(
    fast.map(entry => () => entry[work].run(data)),
    { count, warmup },
  );
  const slowTimes = await rounds(
    slow.map(entry => () => entry[work].run(data)),
    { count: 1, warmup: 0 },
  );
  const [limit, byHand] = times;
  // Peers may work in threads of their own, which this thread's clock does not see.
  const runs = options.quick ? 8 : 16;
  const single = entry => [columnar, hand, tidemark].includes(entry);
  const processor = fast.map(entry => (single(entry) ? processorTime(() => entry[work].run(data), runs) : NaN));
  return {
    about: ABOUT[work],
    rows: [...fast, ...slow].map((entry, e) => {
      const own = e < fast.length ? times[e] : slowTimes[e - fast.length];
      const whole = own.length === limit.length;
      return {
        name: entry.name,
        plain: entry[work].plain === true,
        milliseconds: median(own),
        perSecond: data.n / median(own) / 1000,
        ofLimit: whole ? ratio(own, limit) : median(limit) / median(own),
        ofHand: whole ? ratio(own, byHand) : median(byHand) / median(own),
        processor: e < fast.length ? processor[e] : NaN,
        processorOfLimit: e < fast.length ? processor[0] / processor[e] : NaN,
        processorOfHand: e < fast.length ? processor[1] / processor[e] : NaN,
      };
    }),
  };
}

/** Throws unless a result is the expected one, and the known one where the work has its full size. */
function verify(work, name, got, expected) {
  const known = data.n === 1_000_000 ? TRUTH[work] : {};
  for (const field of ["chk", "plus", "minus", "dropped", "series", "restated"]) {
    const right = known[field] ?? expected[field];
    if (got[field] === undefined || got[field] === null || right === undefined) continue;
    if (got[field] !== right) throw new Error(`${work}, ${name}: ${field} is ${got[field]}, not ${right}.`);
  }
}

async function interact(work) {
  const rows = [];
  for (const entry of entries) {
    if (entry[work] === undefined) continue;
    rows.push({ name: entry.name, ...(await entry[work](data, helpers(extra(data)))) });
    console.error(`${work}: ${entry.name}`);
  }
  return rows;
}

/** Runs a benchmark over so many rows in a process of its own, and returns what it prints. */
function inOwnProcess(file, size) {
  const { stdout, status, stderr } = spawnSync(process.execPath, ["--expose-gc", file], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    env: { ...process.env, BENCH_N: String(size) },
  });
  if (status !== 0) throw new Error(`${file} failed with ${size} rows:\n${stderr}`);
  return JSON.parse(stdout);
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
  for (const file of fs.readdirSync(path.join(cwd, "peers")).sort())
    try {
      peers.push((await import(`./peers/${file}`)).default);
    } catch (error) {
      console.error(`${file}: ${error.message}`);
      missing.push(`${path.basename(file, ".mjs")}: ${error.message.split("\n")[0]}`);
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
    load: os.loadavg()[0],
    date: new Date().toISOString().slice(0, 10),
  };
}
