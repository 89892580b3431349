/** Finds for each row its closest counterpart on the other side of a join. */

export interface Keyed {
  readonly key: string;
  readonly event: number;
  /** Its place in its side's table. */
  readonly at?: number;
}

export interface Nearest {
  readonly row: Keyed;
  /** Event time of the closest row with the same key; NaN when there is none at all. */
  readonly other: number;
  /** `other − event`, ms: positive where the counterpart came later. */
  readonly distance: number;
}

/** Pairs each row of `left` with the closest row of `right` that has the same key, by event time. Ties go to the earlier one. */
export function nearest(left: readonly Keyed[], right: readonly Keyed[]): readonly Nearest[] {
  const times = new Map<string, number[]>();
  for (const row of right) {
    const list = times.get(row.key);
    if (list === undefined) times.set(row.key, [row.event]);
    else list.push(row.event);
  }
  for (const list of times.values()) list.sort((a, b) => a - b);
  return left.map(row => {
    const list = times.get(row.key);
    if (list === undefined) return { row, other: NaN, distance: NaN };
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle] < row.event) low = middle + 1;
      else high = middle;
    }
    const after = list[low] ?? Infinity;
    const before = list[low - 1] ?? -Infinity;
    const other = row.event - before <= after - row.event ? before : after;
    return { row, other, distance: other - row.event };
  });
}

/** Share of rows whose closest counterpart is at most `bound` ms away. */
export function shareWithin(pairs: readonly Nearest[], bound: number): number {
  let count = 0;
  for (const p of pairs) if (Math.abs(p.distance) <= bound) count++;
  return pairs.length === 0 ? NaN : count / pairs.length;
}
