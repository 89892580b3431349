/** How many rows are whose: the greatest first, as a sentence's list and as data. */
import { counted, list } from "./words.ts";

const NAMED = 4;

/** Counts names; an empty name is none. */
export class Shares {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    if (name !== "") this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** The names with their counts, the greatest first. */
  sorted(): [string, number][] {
    return [...this.#counts].sort((a, b) => b[1] - a[1]);
  }

  /** `Belfast (12 rows), Leeds (3 rows) and 2 more`; empty where there is nothing to tell apart. */
  text(what = "row"): string {
    const sorted = this.sorted();
    if (sorted.length === 0) return "";
    const said = sorted.slice(0, NAMED).map(([name, count]) => `${name} (${counted(count, what)})`);
    if (sorted.length > NAMED) said.push(`${sorted.length - NAMED} more`);
    return list(said);
  }
}

/** Writes a share of 1 in per cent, to one decimal, never rounding something to nothing or a part to all. */
export function percent(share: number): string {
  const rounded = Math.round(share * 1000) / 10;
  if (share > 0 && rounded === 0) return "less than 0.1 %";
  if (share < 1 && rounded === 100) return "more than 99.9 %";
  return `${rounded} %`;
}
