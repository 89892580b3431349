/** Silence is not zero: what an incomplete window is expected to come to, in rows, from how closed windows had filled up at its age. */
import { assigned, assigner } from "../../engine/windowing/assign.ts";
import { fewestWindows, type Nowcast, nowcast, type Precedent } from "../../model/nowcast.ts";
import { merges } from "../../model/windows.ts";
import type { AggregateNode } from "../../pipeline/verbs/aggregate.ts";
import type { Seen } from "./sight.ts";

interface Filled {
  rows: number;
  early: number;
}

/** Counts, of every closed window, its rows and those that had come at an age: of one key, and of all keys together. */
export class Completeness {
  readonly #age: number;
  readonly #closedBefore: number;
  readonly #assign;
  readonly #out = assigned();
  readonly #own = new Map<string, Filled>();
  readonly #all = new Map<string, Filled>();

  /** `age` in ms since a window's start; windows that end at or before `closedBefore` count. */
  constructor(node: AggregateNode, age: number, closedBefore: number) {
    this.#age = age;
    this.#closedBefore = closedBefore;
    const window = node.strategy?.window;
    this.#assign = window === undefined || window.kind === "global" || merges(window) ? null : assigner(window);
  }

  /** Takes a row in; `own` says whether it is of the key in question. */
  see({ time, clock, weight }: Pick<Seen, "time" | "clock" | "weight">, own: boolean): void {
    if (this.#assign === null || weight < 0) return;
    const out = this.#out;
    this.#assign(time, out);
    for (let i = 0; i < out.count; i++) {
      if (out.end[i] > this.#closedBefore) continue;
      const id = `${out.start[i]} ${out.end[i]}`;
      const early = clock - out.start[i] <= this.#age ? 1 : 0;
      for (const windows of own ? [this.#own, this.#all] : [this.#all]) {
        const filled = windows.get(id);
        if (filled === undefined) windows.set(id, { rows: 1, early });
        else {
          filled.rows++;
          filled.early += early;
        }
      }
    }
  }

  /** What a window of this age that holds so many rows is expected to come to, or null when too few have closed. */
  nowcast(rows: number): Nowcast | null {
    const known = { up: rows, down: 0 };
    if (this.#own.size >= fewestWindows()) return nowcast(known, precedentsOf(this.#own, 1));
    const early = totalOf(this.#all, "early");
    if (early === 0) return null;
    // Windows of all keys hold more rows than this one: they are made as large as it would be if it filled up as they did.
    return nowcast(known, precedentsOf(this.#all, rows / early));
  }
}

function totalOf(windows: ReadonlyMap<string, Filled>, what: keyof Filled): number {
  let sum = 0;
  for (const filled of windows.values()) sum += filled[what];
  return sum;
}

function precedentsOf(windows: ReadonlyMap<string, Filled>, scale: number): Precedent[] {
  return Array.from(windows.values(), ({ early, rows }) => ({
    before: { up: early * scale, down: 0 },
    final: { up: rows * scale, down: 0 },
  }));
}
