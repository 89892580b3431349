/**
 * What things cost with a log of a certain length, as JSON: run by `run.mjs` for each length, in a process of its own. What
 * should follow the change and not the log is measured with rows appended to a run that has seen the whole log.
 */
import { op } from "../src/expressions/op.ts";
import { captured } from "../src/expressions/parse.ts";
import { fixed } from "../src/model/windows.ts";
import type { Stream } from "../src/pipeline/stream.ts";
import { type Data, extra, generate, load, names } from "./baselines/data.mjs";
import { median } from "./harness.mjs";
import tidemark, { events, Live, type Row, sumAndCount, W1, windowed } from "./tidemark.ts";

const data: Data = load();
const rows = data.n;
/** Enough repetitions for a median, and not more than a minute's. */
const times = rows > 1_000_000 ? 3 : rows > 100_000 ? 7 : 25;
const spare = 4_000;

const above = (threshold: number): Stream => {
  const kept = events().filter(captured({ threshold }, (d: Row) => d.v > threshold));
  return sumAndCount(windowed(kept, fixed("1 min")));
};

/** Ten operators, one of them with state, two of them behind it. */
const chain = (): Stream =>
  windowed(
    events()
      .filter((d: Row) => d.v > -4_900)
      .derive({ w: (d: Row) => d.v + 1 })
      .filter((d: Row) => d.w !== 17)
      .derive({ x: (d: Row) => d.w * 2, y: (d: Row) => d.w - d.v })
      .select("key", "t", "x", "y")
      .filter((d: Row) => d.y === 1)
      .derive({ v: (d: Row) => d.x / 2 }),
    fixed("1 min"),
  )
    .rollup({ sum: (d: Row) => op.sum(d.v), n: () => op.count() })
    .derive({ sum: (d: Row) => d.sum - d.n })
    .filter((d: Row) => d.n > 0);

function clocked(work: () => void): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

function repeated(work: (i: number) => void): number {
  for (let i = 0; i < Math.min(times, 3); i++) work(i);
  return median(Array.from({ length: times }, (_, i) => clocked(() => work(i + 3))));
}

/** Median microseconds of one appended row; the first half warms up. */
function appended(live: Live): number {
  const took = extra(data, spare).map(({ key, t, v }) => {
    live.columns.append(Number(key.slice(1)), t, v);
    return 1_000 * clocked(() => live.extend());
  });
  return median(took.slice(spare >> 1));
}

/** Microseconds per row of a running balance. */
function balance(of: Data): number {
  return (1_000 * repeated(() => tidemark.W5.run(of))) / of.n;
}

const replay = repeated(() => tidemark.W1.run(data));
let live = new Live(data, W1(), spare);
const append = appended(live);
live = new Live(data, above(-10_000));
const threshold = repeated(i => live.edit(above(10 * i)));
live = new Live(data, W1());
const wide = sumAndCount(windowed(events(), fixed("5 min")));
const window = repeated(i => live.edit(i % 2 === 0 ? wide : W1()));
const chainReplay = repeated(() => {
  live = new Live(data, chain(), spare);
});
const chainAppend = appended(live);
const balances = balance(data);
const balancesTail = balance({ ...generate(rows, 10), n: rows, keyNames: names() } as Data);

console.log(
  JSON.stringify({ rows, replay, append, threshold, window, chainReplay, chainAppend, balances, balancesTail }),
);
