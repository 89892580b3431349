/** Times work: rounds in which every entry has its turn, so that a noisy machine is noisy for all; medians and ratios of them. */
import { spawnSync } from "node:child_process";

export function median(values) {
  return quantile(values, 0.5);
}

export function quantile(values, q) {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** Runs each entry once per round and returns the milliseconds of each round by entry; the first `warmup` rounds do not count. */
export async function rounds(entries, { count, warmup }) {
  const times = entries.map(() => []);
  for (let round = -warmup; round < count; round++)
    for (let e = 0; e < entries.length; e++) {
      const from = performance.now();
      await entries[e]();
      const took = performance.now() - from;
      if (round >= 0) times[e].push(took);
    }
  return times;
}

/** How often `a` was faster than `b`, round by round: the median of the ratios. */
export function ratio(a, b) {
  return median(a.map((time, round) => b[round] / time));
}

/** Milliseconds of this thread's processor time per run: what a busy machine cannot blur, though it slows that too. */
export function processorTime(work, runs) {
  const from = process.threadCpuUsage();
  for (let i = 0; i < runs; i++) work();
  const { user, system } = process.threadCpuUsage(from);
  return (user + system) / 1000 / runs;
}

/**
 * Milliseconds of processor time of one run of each entry: the least of five stretches of about so many milliseconds, in
 * which the entries take turns, since what others do to the machine only adds. The clock may tick as seldom as every 4 ms,
 * which is 1.3 % of the 300 that are usual.
 */
export function leastProcessorTimes(entries, stretch = 300) {
  const runs = entries.map(work => {
    for (let i = 0; i < 3; i++) work();
    return Math.max(3, Math.ceil(stretch / processorTime(work, 5)));
  });
  const least = entries.map(() => Infinity);
  for (let round = 0; round < 5; round++)
    entries.forEach((work, e) => {
      least[e] = Math.min(least[e], processorTime(work, runs[e]));
    });
  return least;
}

/** Helpers handed to the entries' W6 and W7. */
export function helpers(extra) {
  return {
    extra,
    /** Quantiles, in microseconds, of one call per event; the first half of them warms up. */
    each(events, work) {
      const times = events.map(event => {
        const from = performance.now();
        work(event);
        return (performance.now() - from) * 1000;
      });
      const warm = times.slice(times.length >> 1);
      return { p50: median(warm), p99: quantile(warm, 0.99) };
    },
    /** Median milliseconds of `times` calls. */
    async rep(work, times) {
      const took = [];
      for (let i = 0; i < times; i++) {
        const from = performance.now();
        await work(i);
        took.push(performance.now() - from);
      }
      return median(took);
    },
    /** Quantiles, in microseconds, of the calls that take `rows` rows in batches of `size`; the first half warms up. */
    batches(rows, size, work) {
      const took = [];
      for (let from = 0; from < rows; from += size) {
        const start = performance.now();
        work(from, Math.min(rows, from + size));
        took.push((performance.now() - start) * 1000);
      }
      const warm = took.slice(took.length >> 1);
      return { p50: median(warm), p99: quantile(warm, 0.99) };
    },
  };
}

/** Runs a benchmark in a process of its own, over so many rows where it is told, and returns what it prints. */
export function inOwnProcess(file, { size, args = [] } = {}) {
  const { stdout, status, stderr } = spawnSync(process.execPath, ["--expose-gc", file, ...args], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    env: { ...process.env, ...(size === undefined ? {} : { BENCH_N: String(size) }) },
  });
  if (status !== 0) throw new Error(`${file} failed:\n${stderr}`);
  return JSON.parse(stdout);
}
