/**
 * `explain(stream, row)` for cells: the story of a row as a value, told anew when the replay has moved on. A cell that reads it
 * first gets an empty one, so that no cell waits for the engine and the engine for no cell.
 */
import type { Value } from "../columns/column.ts";
import type { Node } from "../pipeline/node.ts";
import type { Stream } from "../pipeline/stream.ts";
import type { TransportState } from "../protocol/session.ts";
import type { Explanation } from "./explain/explanation.ts";

/** A row of a stream's table by its place, or by its values: the keys of a rollup and its window's bounds. */
export type RowAsked = number | Readonly<Record<string, Value>>;

/** Milliseconds between two tellings of the same story. */
const RETELL = 500;

const NOTHING_YET: Explanation = { sentences: [], facts: {}, lines: [] };

interface Asked {
  readonly stream: Stream;
  readonly row: RowAsked;
  /** What the cell has last got, as text. */
  told: string;
  newest: Explanation | null;
  wake: (() => void) | null;
  waiting: boolean;
  /** The replay moved while an answer was on its way. */
  stale: boolean;
}

export class Stories {
  /** By request; negative, so that they never meet the shell's own. */
  readonly #asked = new Map<number, Asked>();
  readonly #ask: (request: number, node: Node, row: RowAsked) => void;
  #next = -1;
  /** How far the replay was when stories were last told for it, and the wall clock then. */
  #toldAt = "";
  #toldWall = -Infinity;

  constructor(ask: (request: number, node: Node, row: RowAsked) => void) {
    this.#ask = ask;
  }

  /** Yields the story of a row whenever it has changed. */
  async *of(stream: Stream, row: RowAsked): AsyncGenerator<Explanation> {
    const request = this.#next--;
    const asked: Asked = { stream, row, told: "", newest: NOTHING_YET, wake: null, waiting: false, stale: false };
    this.#asked.set(request, asked);
    try {
      for (;;) {
        if (asked.newest === null) await new Promise<void>(resolve => (asked.wake = resolve));
        const story = asked.newest ?? NOTHING_YET;
        asked.newest = null;
        yield story;
      }
    } finally {
      this.#asked.delete(request);
    }
  }

  /** Takes how far the replay is. As stories look back over the log, they are told twice a second while it plays, and once more when it rests. */
  reached({ rows, now, finished, playing }: TransportState, wall: number): void {
    const at = `${rows} ${now} ${finished}`;
    if (at === this.#toldAt || (playing && wall - this.#toldWall < RETELL)) return;
    this.#toldAt = at;
    this.#toldWall = wall;
    this.moved();
  }

  /** Asks again: the replay has moved, or there is a new plan. */
  moved(): void {
    for (const [request, asked] of this.#asked) {
      if (asked.waiting) asked.stale = true;
      else this.#request(request, asked);
    }
  }

  #request(request: number, asked: Asked): void {
    asked.waiting = true;
    asked.stale = false;
    this.#ask(request, asked.stream.node, asked.row);
  }

  /** Takes an answer if it is for a cell. */
  take(request: number, story: Explanation): boolean {
    const asked = this.#asked.get(request);
    if (asked === undefined) return request < 0;
    asked.waiting = false;
    const text = JSON.stringify(story);
    if (text !== asked.told) {
      asked.told = text;
      asked.newest = story;
      asked.wake?.();
      asked.wake = null;
    }
    if (asked.stale) this.#request(request, asked);
    return true;
  }
}
