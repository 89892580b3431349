/**
 * Who holds the watermark: at each moment the partition that is not idle and whose own watermark is the least. A pure
 * function over the courses, so that a sentence and a picture say the same.
 */

/** One thing that a partition said of itself. */
export interface Said {
  readonly at: number;
  readonly partition: string;
  readonly watermark: number;
  readonly idle: boolean;
}

/** A stretch of processing time in which one partition held the watermark; null: all of them were idle. */
export interface Hold {
  readonly partition: string | null;
  readonly from: number;
  readonly to: number;
}

/** Follows who holds the watermark from the first thing said until `end`. Ties go to the partition that held it before. */
export function holdsOf(said: readonly Said[], end: number): readonly Hold[] {
  const sorted = [...said].sort((a, b) => a.at - b.at);
  const state = new Map<string, Said>();
  const holds: { partition: string | null; from: number; to: number }[] = [];
  let holder: string | null = null;
  for (let i = 0; i < sorted.length; ) {
    const at = sorted[i].at;
    // What is said at one moment counts together.
    for (; i < sorted.length && sorted[i].at === at; i++) state.set(sorted[i].partition, sorted[i]);
    let least: Said | null = null;
    for (const s of state.values())
      if (
        !s.idle &&
        (least === null || s.watermark < least.watermark || (s.watermark === least.watermark && s.partition === holder))
      )
        least = s;
    const next = least?.partition ?? null;
    const last = holds.at(-1);
    if (last !== undefined) last.to = at;
    if (last === undefined || next !== holder) holds.push({ partition: next, from: at, to: at });
    holder = next;
  }
  const last = holds.at(-1);
  if (last !== undefined) last.to = Math.max(end, last.from);
  return holds.filter(h => h.to > h.from);
}

export interface HoldShare {
  readonly partition: string;
  /** Share of the time in which it held the watermark. */
  readonly share: number;
  /** Its longest stretch, ms. */
  readonly longest: number;
  readonly from: number;
}

/** Sums holds up by partition, the greatest share first. Partitions that never held it have a share of 0. */
export function holdShares(holds: readonly Hold[], partitions: readonly string[]): readonly HoldShare[] {
  const total = holds.reduce((n, h) => n + h.to - h.from, 0);
  return partitions
    .map(partition => {
      const own = holds.filter(h => h.partition === partition);
      const longest = own.reduce<Hold | null>((a, h) => (a === null || h.to - h.from > a.to - a.from ? h : a), null);
      return {
        partition,
        share: total === 0 ? 0 : own.reduce((n, h) => n + h.to - h.from, 0) / total,
        longest: longest === null ? 0 : longest.to - longest.from,
        from: longest?.from ?? NaN,
      };
    })
    .sort((a, b) => b.share - a.share);
}
