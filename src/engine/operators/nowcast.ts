/** `nowcast`: curves of what came to each open window by age, and those of the latest closed ones to develop them by. */
import { columnNamed } from "../../columns/batch.ts";
import { type Column, type Field, valueAt } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import { compileColumn } from "../../expressions/compile.ts";
import { typeOf } from "../../expressions/types.ts";
import {
  develop,
  type Development,
  developmentOf,
  type Nowcast,
  PLACES,
  placeOf,
  Precedents,
} from "../../model/nowcast.ts";
import type { NowcastNode } from "../../pipeline/verbs/nowcast.ts";
import { Due } from "../due.ts";
import { Emission, timestamps } from "../emission.ts";
import { dense } from "../flow.ts";
import { keyColumns } from "../key-index.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { clockAt, walk } from "../walk.ts";
import { GroupKeys } from "./aggregate/group-keys.ts";
import { Closed, closedCurve, precedentsAt } from "./nowcast/closed.ts";

/** Codes of the column `learned_from`. */
const LEARNED = new Dictionary(["key", "all keys"]);

interface Said extends Nowcast {
  readonly at: number;
  /** Code of whom it is learned from. */
  readonly from: number;
}

interface OpenWindow {
  readonly key: number;
  readonly start: number;
  readonly end: number;
  /** What came at each place of age, by sign. */
  readonly up: Float64Array;
  readonly down: Float64Array;
  known: { up: number; down: number };
  said: Said | null;
  /** The place of age at which it was judged last; −1 before that. */
  place: number;
}

export const nowcast: OperatorFactory<NowcastNode> = (node, context): Operator => {
  const [input] = context.inputs;
  const { codegen } = context;
  const schema = context.schema("main");
  const fields = node.keys.map((k): Field => ({ name: k.name, ...typeOf(k.expression, [input]) }));
  const readKeys = keyColumns(
    node.keys.map(k => k.expression),
    input,
    codegen,
  );
  const amountOf = compileColumn(node.amount, [input], { codegen });
  const keys = new GroupKeys(fields);
  // A window that never closes is learned from once it is complete.
  const lateness = Number.isFinite(node.lateness) ? node.lateness : 0;
  const emission = new Emission();
  /** What the emitted rows of the step say. */
  let words: Said[] = [];
  /** Open windows in the order in which they opened; by key, and by when they close. */
  const windows = new Map<number, OpenWindow>();
  const byKey = new Map<number, Map<number, number>>();
  const closing = new Due();
  let next = 0;
  let closed = new Closed(node.keys.length > 0);
  let watermark = -Infinity;
  /** The last moment at which words were said. */
  let said = -Infinity;

  const open = (key: number, start: number, end: number): OpenWindow => {
    let own = byKey.get(key);
    if (own === undefined) byKey.set(key, (own = new Map()));
    const known = own.get(start);
    if (known !== undefined) return windows.get(known) as OpenWindow;
    const window = {
      key,
      start,
      end,
      up: new Float64Array(PLACES),
      down: new Float64Array(PLACES),
      known: { up: 0, down: 0 },
      said: null,
      place: -1,
    };
    own.set(start, next);
    windows.set(next, window);
    closing.push(end + lateness, next++);
    return window;
  };
  const say = (window: OpenWindow, word: Said, weight: number, position: number, clock: number): void => {
    emission.emit(position, clock, window.end, weight, window.key, -1, window.start, window.end);
    words.push(word);
  };
  const room = new Precedents();
  /** How windows are developed that learn from all keys, by place: those of the same age share it. */
  const shared = new Map<number, Development | null>();
  const speak = (at: number, position: number): void => {
    said = at;
    if (node.most !== null && windows.size > node.most) {
      for (const window of windows.values()) {
        if (window.said !== null) say(window, window.said, -1, position, at);
        window.said = null;
      }
      return;
    }
    const all = closed.all();
    shared.clear();
    for (const window of windows.values()) {
      const place = placeOf(at - window.start, window.end - window.start);
      const before = window.said;
      // Late in its life a window is told anew when it is an age older, or when something has come.
      if (before !== null && Math.floor(place) === window.place && window.known.up + window.known.down === before.known)
        continue;
      const own = closed.own(window.key);
      let development: Development | null | undefined;
      if (own !== null) development = developmentOf(precedentsAt(own, place, room));
      else if (all !== null) {
        development = shared.get(place);
        if (development === undefined) shared.set(place, (development = developmentOf(precedentsAt(all, place, room))));
      } else continue;
      const found = development === null ? null : develop(window.known, development);
      window.place = Math.floor(place);
      if (found === null || (before !== null && same(before, found))) continue;
      if (before !== null) say(window, before, -1, position, at);
      window.said = { ...found, at, from: own === null ? 1 : 0 };
      say(window, window.said, 1, position, at);
    }
  };
  /** Says what is to be said at the multiples of `every` before a clock. */
  const tick = (clock: number, position: number): void => {
    const { every } = node;
    const last = (Math.ceil(clock / every) - 1) * every;
    if (!(last > said)) return;
    if (windows.size === 0) {
      said = last;
      return;
    }
    let oldest = 0;
    for (const w of windows.values()) oldest = Math.max(oldest, w.start + OLDEST * (w.end - w.start));
    let at = said === -Infinity ? last : said + every;
    for (; at <= last; at += every) {
      // Beyond the last age that is told apart nothing changes any more until another row comes.
      if (at - every > oldest) at = last;
      speak(at, position);
    }
  };
  const advance = (position: number, moved: number): void => {
    watermark = moved;
    while (closing.size > 0 && closing.first <= moved) {
      const id = closing.pop();
      const window = windows.get(id) as OpenWindow;
      windows.delete(id);
      byKey.get(window.key)?.delete(window.start);
      if (window.said !== null) say(window, window.said, -1, position, NaN);
      window.said = null;
      closed.add(window.key, window.end, closedCurve(window.up, window.down));
    }
  };

  return {
    step(step, [from]) {
      const flow = dense(from);
      const { batch, count } = flow;
      const slots = keys.slots(readKeys(batch), count).slice(0, count);
      const amounts = amountOf(batch);
      const starts = floats(columnNamed(batch, "window_start"));
      const ends = floats(columnNamed(batch, "window_end"));
      watermark = walk(step, [flow], flow.watermark, watermark, {
        begin: (position, clock) => tick(clock, position),
        row(_input, row) {
          const value = valueAt(amounts, row);
          if (typeof value !== "number" || !(ends[row] > starts[row]) || Number.isNaN(value)) return;
          const window = open(slots[row], starts[row], ends[row]);
          const amount = value * (flow.weight === null ? 1 : flow.weight[row]);
          const age = clockAt(flow, step, row) - window.start;
          const place = Math.ceil(placeOf(age, window.end - window.start));
          if (value > 0) {
            window.up[place] += amount;
            window.known.up += amount;
          } else {
            window.down[place] += amount;
            window.known.down += amount;
          }
        },
        advance,
      });
      const main = emission.take(step, schema, flow.watermark, (e, n): Column[] => {
        const own = words;
        const column = (value: (word: Said) => number): Column => {
          const values = new Float64Array(own.length);
          for (let i = 0; i < own.length; i++) values[i] = value(own[i]);
          return { type: "number", values, valid: null };
        };
        return [
          ...keys.columns(e.left, n),
          timestamps(e.start, n),
          timestamps(e.end, n),
          { ...column(w => w.at), type: "timestamp" } as Column,
          column(w => w.known),
          column(w => w.expected),
          column(w => w.low),
          column(w => w.high),
          column(w => w.share),
          column(w => w.windows),
          { type: "string", codes: Int32Array.from(own, w => w.from), dictionary: LEARNED },
        ];
      });
      words = [];
      return { main };
    },
    snapshot: () => ({
      watermark,
      said,
      next,
      keys: keys.snapshot(),
      closed: closed.snapshot(),
      closing: closing.snapshot(),
      windows: [...windows].map(([id, w]) => [
        id,
        { ...w, up: w.up.slice(), down: w.down.slice(), known: { ...w.known } },
      ]),
    }),
    restore(snapshot) {
      const saved = snapshot as {
        watermark: number;
        said: number;
        next: number;
        keys: unknown;
        closed: unknown;
        closing: unknown;
        windows: [number, OpenWindow][];
      };
      ({ watermark, said, next } = saved);
      keys.restore(saved.keys);
      closed = new Closed(node.keys.length > 0);
      closed.restore(saved.closed);
      closing.restore(saved.closing);
      for (const [id, w] of saved.windows) {
        windows.set(id, { ...w, up: w.up.slice(), down: w.down.slice(), known: { ...w.known } });
        let own = byKey.get(w.key);
        if (own === undefined) byKey.set(w.key, (own = new Map()));
        own.set(w.start, id);
      }
    },
    size: () => ({ keys: keys.count, windows: windows.size, entries: closed.size, hold: null }),
  };
};

/** Window lengths after which all ages are the same. */
const OLDEST = 200;

function same(a: Nowcast, b: Nowcast): boolean {
  return a.known === b.known && a.expected === b.expected && a.low === b.low && a.high === b.high;
}

function floats(column: Column): Float64Array {
  if (column.type !== "timestamp")
    throw new Error("A nowcast reads the rows that windows took in: ask a windowed stream.");
  return column.values;
}
