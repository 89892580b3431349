/** Which windows of a key become one, when those of several new rows come together. */
import type { Cell } from "./cell.ts";

export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** A window of a row, before it is merged. */
export interface Assignment extends Bounds {
  readonly key: number;
}

/** Windows that become one with these bounds: open ones, and those of rows. */
export interface MergingGroup<A> extends Bounds {
  readonly cells: readonly Cell[];
  readonly fresh: readonly A[];
}

/**
 * Finds the windows that meet, directly or through others. Windows that stay alone are left out; equal ones are one.
 * `meet(start, end)` says whether a window that begins at `start` merges with an earlier one that ends at `end`.
 */
export function mergingGroups<A extends Assignment>(
  open: Iterable<Cell>,
  fresh: readonly A[],
  meet: (start: number, end: number) => boolean,
): MergingGroup<A>[] {
  type Candidate = { start: number; end: number; cell: Cell | null; fresh: A[] };
  const candidates: Candidate[] = [];
  for (const cell of open) candidates.push({ start: cell.start, end: cell.end, cell, fresh: [] });
  for (const assignment of fresh) {
    const { start, end } = assignment;
    let same = candidates.find(c => c.start === start && c.end === end);
    if (same === undefined) candidates.push((same = { start, end, cell: null, fresh: [] }));
    same.fresh.push(assignment);
  }
  candidates.sort((a, b) => a.start - b.start || a.end - b.end);
  const groups: MergingGroup<A>[] = [];
  for (let from = 0; from < candidates.length; ) {
    let { end } = candidates[from];
    let to = from + 1;
    while (to < candidates.length && meet(candidates[to].start, end)) end = Math.max(end, candidates[to++].end);
    const members = candidates.slice(from, to);
    if (members.length > 1)
      groups.push({
        start: members[0].start,
        end,
        cells: members.flatMap(member => (member.cell === null ? [] : [member.cell])),
        fresh: members.flatMap(member => member.fresh),
      });
    from = to;
  }
  return groups;
}
