/** `nowcast`: curves of what came to each open window by age, and those of the latest closed ones to develop them by. */
import { columnNamed } from "../../columns/batch.ts";
import type { Column, Field } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import { compileColumn } from "../../expressions/compile.ts";
import { typeOf } from "../../expressions/types.ts";
import { Development, Estimate, placeOf, Precedents } from "../../model/nowcast.ts";
import type { NowcastNode } from "../../pipeline/verbs/nowcast.ts";
import { Due } from "../due.ts";
import { Emission, timestamps } from "../emission.ts";
import { dense } from "../flow.ts";
import { keyColumns } from "../key-index.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { clockAt, walk } from "../walk.ts";
import { GroupKeys } from "./aggregate/group-keys.ts";
import { Closed, precedentsAt } from "./nowcast/closed.ts";
import { OpenWindows } from "./nowcast/open-windows.ts";
import { Words } from "./nowcast/words.ts";

/** Codes of the column `learned_from`. */
const LEARNED = new Dictionary(["key", "all keys"]);

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
  const words = new Words();
  let windows = new OpenWindows();
  /** Slots of open windows, by when they close. */
  const closing = new Due();
  let closed = new Closed(node.keys.length > 0);
  let watermark = -Infinity;
  /** The last moment at which words were said. */
  let said = -Infinity;

  /** Says of a window what was noted to be said of it, or takes that back. */
  const say = (slot: number, weight: number, position: number, clock: number): void => {
    const frame = windows.frameOf(slot);
    const i = emission.claim(position, weight, windows.key[slot], clock === clock);
    words.copy(i, windows.said, slot);
    emission.clock[i] = clock;
    emission.time[i] = emission.end[i] = frame.end;
    emission.start[i] = frame.start;
  };
  const takeBack = (slot: number, position: number, clock: number): void => {
    say(slot, -1, position, clock);
    windows.spoken[slot] = 0;
    windows.told--;
  };
  const precedents = new Precedents();
  const own = new Development();
  const found = new Estimate();
  /** How windows are developed that learn from all keys, by place: those of the same age share it. */
  const shared = new Map<number, Development>();
  const speak = (at: number, position: number): void => {
    said = at;
    const { count } = windows;
    if (node.most !== null && count > node.most) {
      if (windows.told === 0) return;
      const order = windows.inOrder();
      for (let i = 0; i < count; i++) if (windows.spoken[order[i]] === 1) takeBack(order[i], position, at);
      return;
    }
    const all = closed.all();
    shared.clear();
    for (const frame of windows.frames) {
      frame.place = placeOf(at - frame.start, frame.end - frame.start);
      frame.whole = Math.floor(frame.place);
    }
    const order = windows.inOrder();
    const { key, place: places, spoken, knownUp, knownDown, said: before } = windows;
    for (let i = 0; i < count; i++) {
      const slot = order[i];
      const frame = windows.frameOf(slot);
      const { whole } = frame;
      const told = spoken[slot] === 1;
      // Late in its life a window is told anew when it is an age older, or when something has come.
      if (told && whole === places[slot] && knownUp[slot] + knownDown[slot] === before.known[slot]) continue;
      const { place } = frame;
      const curves = closed.own(key[slot]);
      let development = own;
      if (curves !== null) own.learn(curves.read(place, precedents));
      else if (all !== null) {
        const known = shared.get(place);
        if (known !== undefined) development = known;
        else {
          shared.set(place, (development = new Development()));
          development.learn(precedentsAt(all, place, precedents));
        }
      } else continue;
      development.develop(knownUp, knownDown, slot, found);
      places[slot] = whole;
      if (told) {
        if (before.says(slot, found)) continue;
        takeBack(slot, position, at);
      }
      before.set(slot, at, found, curves === null ? 1 : 0);
      spoken[slot] = 1;
      windows.told++;
      say(slot, 1, position, at);
    }
  };
  /** Says what is to be said at the multiples of `every` before a clock. */
  const tick = (clock: number, position: number): void => {
    const { every } = node;
    const last = (Math.ceil(clock / every) - 1) * every;
    if (!(last > said)) return;
    if (windows.count === 0) {
      said = last;
      return;
    }
    let oldest = 0;
    for (const { start, end } of windows.frames) oldest = Math.max(oldest, start + OLDEST * (end - start));
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
      const slot = closing.pop();
      if (windows.spoken[slot] === 1) takeBack(slot, position, NaN);
      closed.add(windows, slot);
      windows.close(slot);
    }
  };

  return {
    step(step, [from]) {
      const flow = dense(from);
      const { batch, count } = flow;
      const slots = keys.slots(readKeys(batch), count);
      const amounts = amountOf(batch);
      // Nothing but numbers can be expected.
      const none = amounts.type !== "number" && amounts.type !== "timestamp";
      const values = none ? NOTHING : amounts.values;
      const valid = none ? null : amounts.valid;
      const { weight } = flow;
      const starts = floats(columnNamed(batch, "window_start"));
      const ends = floats(columnNamed(batch, "window_end"));
      watermark = walk(step, [flow], flow.watermark, watermark, {
        begin: (position, clock) => tick(clock, position),
        row(_input, row) {
          if (none || (valid !== null && valid[row] === 0)) return;
          const value = values[row];
          const start = starts[row];
          const end = ends[row];
          if (!(end > start) || Number.isNaN(value)) return;
          const frame = windows.at(start, end);
          const key = slots[row];
          let slot = frame.slots.get(key);
          if (slot === undefined) closing.push(end + lateness, (slot = windows.open(frame, key)));
          if (value === 0) return;
          const amount = weight === null ? value : value * weight[row];
          const place = Math.ceil(placeOf(clockAt(flow, step, row) - start, end - start));
          if (value > 0) windows.rise(slot, place, amount);
          else windows.fall(slot, place, amount);
        },
        advance,
      });
      const main = emission.take(step, schema, flow.watermark, (e, n): Column[] => [
        ...keys.columns(e.left, n),
        timestamps(e.start, n),
        timestamps(e.end, n),
        timestamps(words.at, n),
        numbers(words.known, n),
        numbers(words.expected, n),
        numbers(words.low, n),
        numbers(words.high, n),
        numbers(words.share, n),
        numbers(words.windows, n),
        { type: "string", codes: words.from.slice(0, n), dictionary: LEARNED },
      ]);
      return { main };
    },
    snapshot: () => ({
      watermark,
      said,
      keys: keys.snapshot(),
      closed: closed.snapshot(),
      closing: closing.snapshot(),
      windows: windows.snapshot(),
    }),
    restore(snapshot) {
      const saved = snapshot as {
        watermark: number;
        said: number;
        keys: unknown;
        closed: unknown;
        closing: unknown;
        windows: unknown;
      };
      ({ watermark, said } = saved);
      keys.restore(saved.keys);
      closed = new Closed(node.keys.length > 0);
      closed.restore(saved.closed);
      closing.restore(saved.closing);
      windows = new OpenWindows();
      windows.restore(saved.windows);
    },
    size: () => ({ keys: keys.count, windows: windows.count, entries: closed.size, hold: null }),
  };
};

/** Window lengths after which all ages are the same. */
const OLDEST = 200;

const NOTHING = new Float64Array(0);

function numbers(values: Float64Array, count: number): Column {
  return { type: "number", values: values.slice(0, count), valid: null };
}

function floats(column: Column): Float64Array {
  if (column.type !== "timestamp")
    throw new Error("A nowcast reads the rows that windows took in: ask a windowed stream.");
  return column.values;
}
