/** How sessions grow: each row opens one, extends one, or brings several together. */

export interface SessionRow {
  readonly key: string;
  /** The key's columns by name. */
  readonly keys?: Readonly<Record<string, unknown>>;
  readonly event: number;
  readonly arrival: number;
}

export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** What one row did, in order of arrival. */
export interface Operation {
  readonly row: SessionRow;
  readonly kind: "opened" | "joined" | "extended" | "merged";
  /** The sessions it met, before. */
  readonly met: readonly Bounds[];
  readonly after: Bounds;
}

/** A session's shape over a stretch of processing time; `until` is NaN while it lasts. */
export interface Phase extends Bounds {
  readonly key: string;
  readonly from: number;
  until: number;
}

/** Replays rows in order of arrival. Windows that overlap merge; with `inclusive` touching ones do too. */
export function operate(
  rows: readonly SessionRow[],
  gap: number,
  inclusive: boolean,
): { readonly operations: readonly Operation[]; readonly phases: readonly Phase[] } {
  const operations: Operation[] = [];
  const phases: Phase[] = [];
  const live = new Map<string, Phase[]>();
  for (const row of [...rows].sort((a, b) => a.arrival - b.arrival)) {
    const own = { start: row.event, end: row.event + gap };
    const meets = (p: Bounds): boolean =>
      inclusive ? p.start <= own.end && own.start <= p.end : p.start < own.end && own.start < p.end;
    const sessions = live.get(row.key) ?? [];
    const met = sessions.filter(meets);
    const after = {
      start: Math.min(own.start, ...met.map(p => p.start)),
      end: Math.max(own.end, ...met.map(p => p.end)),
    };
    const same = met.length === 1 && met[0].start === after.start && met[0].end === after.end;
    operations.push({
      row,
      kind: met.length === 0 ? "opened" : met.length > 1 ? "merged" : same ? "joined" : "extended",
      met: met.map(({ start, end }) => ({ start, end })),
      after,
    });
    if (same) continue;
    for (const p of met) p.until = row.arrival;
    const phase: Phase = { key: row.key, ...after, from: row.arrival, until: NaN };
    phases.push(phase);
    live.set(row.key, [...sessions.filter(p => !met.includes(p)), phase]);
  }
  return { operations, phases };
}
