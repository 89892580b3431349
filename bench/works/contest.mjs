/** W1 to W5: every entry runs the same work round by round in one process, and every result is checked against the others. */
import { leastProcessorTimes, median, ratio, rounds } from "../harness.mjs";
import { figure, table } from "../figures.mjs";

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

/** What Tidemark sets out to reach. */
const TARGETS = {
  W1: { ofLimit: 0.5, ofHand: 4, ofDuck: 3 },
  W2: { ofLimit: 0.5, ofHand: 4 },
  W3: { ofLimit: 0.5, ofHand: 2 },
  W4: { ofLimit: 0.5, ofHand: 4 },
  W5: { ofHand: 2 },
};

/** One of the five works. */
export const contest = name => ({
  name,

  /** Checks every entry's result, then times them in turn. */
  async measure({ data, entries, own, missing, quick, count }) {
    const [columnar] = own;
    const taking = [];
    // Before the peers have filled the heap. They may also work in threads of their own, which this thread's clock does not see.
    const working = own.filter(entry => entry[name] !== undefined);
    const least = leastProcessorTimes(
      working.map(entry => () => entry[name].run(data)),
      quick ? 100 : 300,
    );
    const processor = new Map(working.map((entry, e) => [entry, least[e]]));
    const expected = columnar[name].check(await columnar[name].run(data));
    // Plain entries know nothing of lateness: their tables hold all rows, as with an allowed lateness without end. Balances take
    // every row as it is, so there the two are the same.
    const all = columnar[`${name}all`];
    const everything = all === undefined ? expected : all.check(await all.run(data));
    for (const entry of entries) {
      if (entry[name] === undefined) continue;
      const { run, check, late, plain } = entry[name];
      try {
        if (plain === true) same(await check(await run(data)), everything, ["chk", "series"]);
        else {
          same(await check(await run(data)), { ...expected, ...(data.n === 1_000_000 ? TRUTH[name] : {}) });
          if (late !== undefined) same(await check(await late(data)), expected);
        }
        taking.push(entry);
      } catch (error) {
        if (own.includes(entry)) throw new Error(`${name}, ${entry.name}: ${error.message}`, { cause: error });
        // A peer that cannot do it is left out, and said to be.
        missing.push(`${name}, ${entry.name}: ${error.message.split("\n")[0]}`);
      }
    }
    console.error(`${name}: ${taking.length} results agree`);
    const slow = taking.filter(entry => entry.slow === true);
    const fast = taking.filter(entry => entry.slow !== true);
    const warmup = quick ? 3 : 5;
    const times = await rounds(
      fast.map(entry => () => entry[name].run(data)),
      { count, warmup },
    );
    const slowTimes = await rounds(
      slow.map(entry => () => entry[name].run(data)),
      { count: 1, warmup: 0 },
    );
    const [limit, byHand] = times;
    return {
      count,
      entries: [...fast, ...slow].map((entry, e) => {
        const took = e < fast.length ? times[e] : slowTimes[e - fast.length];
        const whole = took.length === limit.length;
        const worked = processor.get(entry) ?? null;
        return {
          name: entry.name,
          plain: entry[name].plain === true,
          milliseconds: median(took),
          perSecond: data.n / median(took) / 1000,
          ofLimit: whole ? ratio(took, limit) : median(limit) / median(took),
          ofHand: whole ? ratio(took, byHand) : median(byHand) / median(took),
          processor: worked,
          processorOfLimit: worked === null ? null : processor.get(own[0]) / worked,
          processorOfHand: worked === null ? null : processor.get(own[1]) / worked,
        };
      }),
    };
  },

  lines({ entries }) {
    return [
      `## ${name}: ${ABOUT[name]}`,
      "",
      ...table(
        [
          "",
          "ms",
          "million rows/s",
          "of the columnar loop",
          "× Map-of-Map",
          "processor ms",
          "of the columnar loop",
          "× Map-of-Map",
        ],
        entries.map(e => [
          `${e.name}${e.plain ? " (plain)" : ""}`,
          ...[e.milliseconds, e.perSecond, e.ofLimit, e.ofHand, e.processor, e.processorOfLimit, e.processorOfHand].map(
            figure,
          ),
        ]),
      ),
    ];
  },

  targets({ entries }) {
    const find = start => entries.find(e => e.name.startsWith(start));
    const tidemark = find("Tidemark");
    if (tidemark === undefined) return [];
    const { ofLimit, ofHand, ofDuck } = TARGETS[name];
    const duck = find("DuckDB");
    const least = (what, got, target) => ({ what, target: `≥ ${target}`, got: figure(got), reached: got >= target });
    return [
      ...(ofLimit === undefined ? [] : [least(`${name}, of the columnar loop`, tidemark.processorOfLimit, ofLimit)]),
      least(`${name}, × Map-of-Map`, tidemark.processorOfHand, ofHand),
      ...(ofDuck === undefined || duck === undefined
        ? []
        : [least(`${name}, × DuckDB`, duck.milliseconds / tidemark.milliseconds, ofDuck)]),
    ];
  },
});

/** Throws unless a result says the same as the expected one, where both say something. */
function same(got, expected, fields = ["chk", "plus", "minus", "dropped", "series", "restated"]) {
  for (const field of fields) {
    if (got[field] === undefined || got[field] === null || expected[field] === undefined) continue;
    if (got[field] !== expected[field]) throw new Error(`${field} is ${got[field]}, not ${expected[field]}.`);
  }
}
