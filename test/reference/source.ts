/**
 * The reference source: what the watermark is after each row, from the definitions, by looking through everything that
 * happened so far each time.
 */
import type { WatermarkStrategy } from "../../src/model/watermarks.ts";

export interface ReferenceRow {
  readonly t: number;
  readonly at: number;
  readonly p: string | null;
  readonly key: string | null;
  /** Whether the row carries a punctuation. */
  readonly marked: boolean;
}

/** Returns the watermark after each row. Percentiles are exact for windows below 32 rows only, as they are in the engine. */
export function referenceSource(strategy: WatermarkStrategy, rows: readonly ReferenceRow[]): number[] {
  if (strategy.basis.kind === "perfect")
    return rows.map((_, i) => Math.min(Infinity, ...rows.slice(i + 1).map(r => r.t)));
  const out: number[] = [];
  let watermark = -Infinity;
  rows.forEach((row, i) => {
    // Before the row, partitions turned idle one after the other; each time nobody had to wait for one more.
    for (const now of deadlines(strategy, rows.slice(0, i), row.at))
      watermark = Math.max(
        watermark,
        combined(strategy, rows.slice(0, i), deadline => deadline <= now),
      );
    watermark = Math.max(
      watermark,
      combined(strategy, rows.slice(0, i + 1), deadline => deadline < row.at),
    );
    out.push(watermark);
  });
  return out;
}

/** Moments before `until` at which some partition had been silent for too long. */
function deadlines(strategy: WatermarkStrategy, past: readonly ReferenceRow[], until: number): number[] {
  const { idle } = strategy;
  if (idle === null) return [];
  const last = new Map(past.map(r => [partitionOf(strategy)(r), r.at + idle]));
  return [...last.values()].filter(deadline => deadline < until).sort((a, b) => a - b);
}

/** The least of the watermarks of partitions that are not idle; the greatest of all where every one is. */
function combined(
  strategy: WatermarkStrategy,
  past: readonly ReferenceRow[],
  isOver: (deadline: number) => boolean,
): number {
  const known = [...new Set(past.map(partitionOf(strategy)))].flatMap(partition => {
    const own = past.filter(r => partitionOf(strategy)(r) === partition);
    const counting = own.filter(r => counts(strategy, r));
    if (counting.length === 0) return [];
    const silent = strategy.idle !== null && isOver(own[own.length - 1].at + strategy.idle);
    return [
      {
        silent,
        watermark: ownWatermark(
          strategy,
          counting.map(r => r.t),
        ),
      },
    ];
  });
  const awake = known.filter(k => !k.silent);
  if (awake.length > 0) return Math.min(...awake.map(k => k.watermark));
  return Math.max(-Infinity, ...known.map(k => k.watermark));
}

const partitionOf =
  ({ per, keyColumn }: WatermarkStrategy) =>
  (row: ReferenceRow): string | null => {
    if (per === "key" && keyColumn !== "key" && keyColumn !== "v") throw new Error(`no column ${keyColumn}`);
    // Marks are numbers, 1 and 0: keys that are not strings.
    if (per === "key") return keyColumn === "key" ? row.key : String(row.marked);
    return per === "source" ? null : row.p;
  };

function counts({ basis, future }: WatermarkStrategy, row: ReferenceRow): boolean {
  if (basis.kind === "punctuated" && !row.marked) return false;
  return future === null || row.t <= row.at + future;
}

/** The watermark of one partition after its rows: the greatest that it ever had. */
function ownWatermark({ basis }: WatermarkStrategy, times: readonly number[]): number {
  return Math.max(
    ...times.map((_, i) => {
      const past = times.slice(0, i + 1);
      const greatest = Math.max(...past);
      if (basis.kind === "bounded") return greatest - basis.delay;
      if (basis.kind === "punctuated") return greatest;
      if (basis.kind !== "percentile") throw new Error(`The reference knows no ${basis.kind} watermark.`);
      const disorder = past.map((t, j) => (j === 0 ? 0 : Math.max(0, Math.max(...past.slice(0, j)) - t)));
      const recent = disorder.slice(-basis.window).sort((a, b) => a - b);
      return greatest - recent[Math.max(0, Math.ceil(basis.quantile * recent.length) - 1)];
    }),
  );
}
