/** What the strip of arrivals in the transport bar shows: when it is counted anew, and what was counted last. */
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { TransportState } from "../protocol/session.ts";
import { DensityCount } from "./density.ts";
import type { Logs } from "./logs-below.ts";

const BINS = 240;
/** Milliseconds of work between two chances to hear a message. */
const SLICE = 6;

export class DensityStrip {
  readonly #now: () => number;
  readonly #logs: Logs;
  #count: DensityCount | null = null;
  #shown: TransportState["density"] = null;

  constructor(now: () => number, logs: Logs) {
    this.#now = now;
    this.#logs = logs;
  }

  /** What was counted last; null before anything was. */
  get shown(): TransportState["density"] {
    return this.#shown;
  }

  /** Whether a count goes on. */
  get busy(): boolean {
    return this.#count?.done === false;
  }

  /** Counts the arrivals anew, where there are others than those counted; `atOnce` gives up a count that goes on. */
  count(sources: readonly SourceNode[], { atOnce }: { readonly atOnce: boolean }): void {
    if (!atOnce && this.busy) return;
    const counted = sources.map(node => ({ log: this.#logs.log(node), watermark: node.watermark }));
    if (this.#count?.counts(counted) !== true) this.#count = new DensityCount(counted, BINS);
  }

  /** Counts for one slice. Says whether there is something new to show. */
  work(): boolean {
    const count = this.#count;
    if (count === null || count.done) return false;
    const until = this.#now() + SLICE;
    count.work(() => this.#now() >= until);
    if (!count.done) return false;
    this.#shown = count.result;
    return true;
  }
}
