/**
 * `latest(stream)`: the newest rows of a stream's table as a value that other cells can use. A reader that is slower than
 * the stream skips states; it never sees an old one twice, and never makes the stream wait.
 */
import type { Stream } from "../pipeline/stream.ts";
import type { ViewUpdate } from "../protocol/session.ts";
import type { ViewPlan, Watched } from "./engine-messages.ts";
import { rowsOf } from "./static-tables.ts";

/** Rows handed to cells at most: `latest` is for results, not for logs. */
const ROWS = 10_000;

interface Reader {
  readonly stream: Stream;
  newest: Record<string, unknown>[] | null;
  wake: (() => void) | null;
}

export class LatestValues {
  readonly #readers = new Map<string, Reader>();
  readonly #changed: () => void;
  #next = 1;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Yields the table's rows as objects, whenever they have changed since the last time somebody looked. */
  of(stream: Stream): AsyncIterator<Record<string, unknown>[]> {
    const view = `latest:${this.#next++}`;
    // Nothing has come yet is a state too: readers start with it, so that no cell waits for a replay to be played.
    const reader: Reader = { stream, newest: [], wake: null };
    this.#readers.set(view, reader);
    this.#changed();
    return {
      next: async () => {
        if (reader.newest === null) await new Promise<void>(resolve => (reader.wake = resolve));
        const value = reader.newest ?? [];
        reader.newest = null;
        return { done: false, value };
      },
      // An async generator would end only after the value that it waits for, and its view would be worked out until then.
      return: () => {
        this.#readers.delete(view);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  views(): ViewPlan[] {
    return [...this.#readers].map(([view, { stream }]) => ({ view, kind: "table", node: stream.node }));
  }

  watched(): Watched[] {
    return [...this.#readers.keys()].map(view => ({ view, from: 0, count: ROWS, sort: null }));
  }

  /** Takes an update if it is for a reader. */
  take(update: ViewUpdate): boolean {
    const reader = this.#readers.get(update.view);
    if (reader === undefined || update.kind !== "table") return update.view.startsWith("latest:");
    reader.newest = rowsOf(update.page);
    reader.wake?.();
    reader.wake = null;
    return true;
  }
}
