/** Emits the panes of windows: whether one is wanted, what it says of itself, and what it takes back. */
import type { Value } from "../../../columns/column.ts";
import { EARLY, LATE, ON_TIME, TIMINGS } from "../../../model/panes.ts";
import type { WindowRules } from "../../windowing/rules.ts";
import type { Accumulators } from "./accumulators.ts";
import type { Cell, EmittedPane } from "./cell.ts";
import type { Holds } from "./holds.ts";
import type { Now } from "./now.ts";
import type { PaneOf, PaneOutput } from "./pane-output.ts";
import type { SideOutput } from "./side-output.ts";

/** What an emitter works with. */
export interface EmitterParts {
  readonly rules: WindowRules;
  readonly now: Now;
  readonly accumulators: Accumulators;
  readonly holds: Holds;
  readonly panes: PaneOutput;
  readonly side: SideOutput;
  /** Whether the trigger follows time; one that only counts rows has no on-time firing. */
  readonly timed: boolean;
}

export class Emitter {
  readonly #parts: EmitterParts;
  readonly #pane: PaneOf = { timing: 0, index: 0, nonSpeculative: 0, first: true, last: false };

  constructor(parts: EmitterParts) {
    this.#parts = parts;
  }

  /** Emits a pane, unless it is empty and empty panes of its kind are not wanted. Lets the window's hold go either way. */
  emit(cell: Cell, last: boolean): void {
    const { rules, now, holds, panes, side, accumulators } = this.#parts;
    const timing = this.#timing(cell);
    const time = holds.release(cell, last);
    if (!this.#wanted(cell, timing, last)) return;
    const pane = this.#pane;
    pane.timing = timing;
    pane.index = cell.index++;
    pane.nonSpeculative = timing === EARLY ? -1 : cell.nonSpeculative++;
    pane.first = cell.timing === -1;
    pane.last = last;
    cell.timing = timing;
    panes.speaks(cell.key, cell.start, cell.end, now.cause);
    this.#retract(cell, pane);
    // A group whose rows have all been taken back is gone: nothing replaces the pane that was retracted.
    if (rules.retracting && cell.weight === 0 && cell.rows > 0) cell.emitted = null;
    else {
      const end = cell.end - rules.shownEnd;
      panes.begin(cell.key, cell.start, end, now.at, now.clock, time, 1, pane);
      const values: Value[] | null = rules.tombstones ? [] : null;
      const { results } = panes;
      for (let i = 0; i < results.length; i++) {
        const value = accumulators.result(i, cell.slot);
        results[i].append(value);
        values?.push(value);
      }
      if (values !== null) cell.emitted = { values, start: cell.start, end, time };
    }
    side.lived(cell, TIMINGS[timing], now.at, now.clock);
  }

  #timing(cell: Cell): number {
    const { rules, now } = this.#parts;
    // Whether whoever reads the pane has been told already that nothing more comes for this window.
    const lateForOutput =
      rules.profile.outputWatermark === "operator"
        ? cell.end - 1 < now.outputWatermark
        : Number.isNaN(cell.hold) && cell.end <= now.settled;
    if (lateForOutput || (cell.timing !== -1 && cell.timing !== EARLY)) return LATE;
    return cell.end <= now.watermark ? ON_TIME : EARLY;
  }

  #wanted(cell: Cell, timing: number, last: boolean): boolean {
    const { rules, timed } = this.#parts;
    if (cell.rows > 0 && !this.#neverShown(cell)) return true;
    return (timing === ON_TIME && rules.onTime === "always" && timed) || (last && rules.closing === "always");
  }

  /** Rows that were all taken back before anybody saw them are as good as none. */
  #neverShown(cell: Cell): boolean {
    const { rules } = this.#parts;
    const replaces = cell.emitted !== null || cell.replaced !== null;
    return cell.weight === 0 && cell.timing === -1 && !rules.discarding && !replaces;
  }

  #retract(cell: Cell, pane: PaneOf): void {
    if (cell.replaced !== null) for (const old of cell.replaced) this.#takeBack(cell.key, old, pane);
    cell.replaced = null;
    if (this.#parts.rules.retracting && cell.emitted !== null) this.#takeBack(cell.key, cell.emitted, pane);
  }

  #takeBack(key: number, old: EmittedPane, pane: PaneOf): void {
    const { now, panes } = this.#parts;
    panes.begin(key, old.start, old.end, now.at, now.clock, old.time, -1, pane);
    panes.append(old.values);
  }
}
