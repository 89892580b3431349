/**
 * Chooses when views are sent and how many at a time: at most once per frame, never more in one go than a slice may take, and
 * more seldom where sending costs so much that the replay would stand still for it.
 */
import type { ViewUpdate } from "../protocol/session.ts";
import type { Watched } from "./engine-messages.ts";
import type { LiveView } from "./views.ts";

/** Milliseconds between two rounds at least. */
export const FRAME = 16;
/** Milliseconds of a slice that go to sending views, and to putting rows in order. */
const SLICE = 8;
/** A round is followed by a pause of this many times what it cost, up to the longest. */
const REST = 2;
const LONGEST_REST = 400;

/** What a view would say now. */
export interface Saying {
  /** Changes when something has to be sent. */
  readonly state: string;
  /** Makes what is sent; null while there is nothing to show yet. */
  make(): ViewUpdate | null;
}

export class Painting {
  readonly #now: () => number;
  /** Views of the present round that have not had their turn. */
  #round: string[] = [];
  #began = -Infinity;
  #cost = 0;
  /** When a view may be sent that was held back because its reader wants it less often; Infinity: none is. */
  #owed = Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until the next round may begin; 0 when it may. */
  get wait(): number {
    const pause = Math.max(FRAME, Math.min(LONGEST_REST, REST * this.#cost));
    return Math.max(0, this.#began + pause - this.#now());
  }

  /** Milliseconds until a view that was held back is to be sent; Infinity when none is. */
  get owes(): number {
    return this.#owed === Infinity ? Infinity : Math.max(this.wait, this.#owed - this.#now());
  }

  /** Whether a round has not been sent to its end. */
  get busy(): boolean {
    return this.#round.length > 0;
  }

  /** Says that what is to be seen is new: it is not to wait for what was seen before. */
  hurry(): void {
    this.#cost = 0;
  }

  /** Begins a round with all views. Those of the round before that had no turn come first. */
  begin(views: Iterable<string>): void {
    this.#round = [...new Set([...this.#round, ...views])];
    this.#began = this.#now();
    this.#cost = 0;
    this.#owed = Infinity;
  }

  /** Makes what is to be sent of as many views of the round as fit into a slice, and of one at least. */
  next(
    views: ReadonlyMap<string, LiveView>,
    watched: ReadonlyMap<string, Watched>,
    say: (view: LiveView, watched: Watched) => Saying,
  ): ViewUpdate[] {
    const updates: ViewUpdate[] = [];
    const began = this.#now();
    while (this.#round.length > 0 && (updates.length === 0 || this.#now() - began < SLICE)) {
      const id = this.#round.shift() as string;
      const view = views.get(id);
      const by = watched.get(id);
      if (view === undefined || by === undefined) continue;
      const { state, make } = say(view, by);
      if (state === view.sent) continue;
      const due = view.sentAt + (by.every ?? 0);
      if (due > began) {
        this.#owed = Math.min(this.#owed, due);
        continue;
      }
      const update = make();
      if (update === null) continue;
      view.sent = state;
      view.sentAt = began;
      updates.push(update);
    }
    this.#cost += this.#now() - began;
    return updates;
  }

  /** Puts rows of large tables in order, for as long as a slice may take. Says whether one of them has a new order to show. */
  order(views: Iterable<LiveView>): boolean {
    const until = this.#now() + SLICE;
    for (const view of views) {
      if (view.pager?.busy !== true) continue;
      if (view.pager.work(() => this.#now() >= until)) {
        view.sent = "";
        return true;
      }
      return false;
    }
    return false;
  }
}

/** Whether rows of any view are still being put in order. */
export function ordering(views: Iterable<LiveView>): boolean {
  for (const { pager } of views) if (pager?.busy === true) return true;
  return false;
}
