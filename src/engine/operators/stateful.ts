/** `stateful`: calls a user's functions with the state of each row's key, and keeps their timers. */
import { rowAt } from "../../columns/batch.ts";
import { type Value, valueAt } from "../../columns/column.ts";
import { compileFunction } from "../../expressions/compile.ts";
import type { FunctionText } from "../../model/windows.ts";
import type { StatefulNode } from "../../pipeline/verbs/stateful.ts";
import { Due } from "../due.ts";
import { Emission } from "../emission.ts";
import { dense } from "../flow.ts";
import { KeyIndex, keyColumns } from "../key-index.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { clockAt, walk } from "../walk.ts";
import { MadeRows } from "./made-rows.ts";

type TimerKind = "event" | "processing";

/** A timer that is set. */
interface Timer {
  readonly key: number;
  readonly kind: TimerKind;
  readonly name: string;
  readonly time: number;
}

/** What is kept of a key: its values by name, its state, and by kind the numbers of its timers by name. */
interface Keyed {
  readonly name: Readonly<Record<string, Value>>;
  state: unknown;
  readonly timers: Record<TimerKind, Map<string, number> | null>;
}

/** What user functions are given besides state and row: the same object each time, which says what holds during the call. */
export interface StatefulContext {
  readonly key: Readonly<Record<string, Value>>;
  /** Event time of the row or timer, ms. */
  readonly time: number;
  readonly weight: number;
  readonly watermark: number;
  /** Processing time, ms. */
  readonly clock: number;
  emit(row: Readonly<Record<string, Value>>, options?: { time?: number }): void;
  eventTimer(time: number, name?: string): void;
  processingTimer(time: number, name?: string): void;
  clearTimer(name?: string): void;
  clear(): void;
}

type UserFunction = (...args: unknown[]) => unknown;

export const stateful: OperatorFactory<StatefulNode> = (node, context): Operator => {
  const schema = context.schema("main");
  const keysOf = keyColumns(
    node.keys.map(k => k.expression),
    context.inputs[0],
    context.codegen,
  );
  const index = new KeyIndex(node.keys.length);
  const onRow = compiled(node.onRow);
  const onTimer = node.onTimer === null ? null : compiled(node.onTimer);
  /** By key, where it has state or timers. */
  const keyed: (Keyed | undefined)[] = [];
  let keys = 0;
  /** Timers by number, and the numbers by time. */
  const timers = new Map<number, Timer>();
  const due: Readonly<Record<TimerKind, Due>> = { event: new Due(), processing: new Due() };
  let numbers = 0;
  let watermark = -Infinity;
  const rows = new MadeRows(node.fields, "stateful");
  const emission = new Emission();
  /** Of the call that is being made: its key, whether that was cleared, and where what it emits belongs. */
  let current = 0;
  let cleared = false;
  const at = { position: 0, own: NaN };

  const clearTimer = (key: number, kind: TimerKind, name: string): void => {
    const own = keyed[key]?.timers[kind];
    const number = own?.get(name);
    if (number === undefined) return;
    own?.delete(name);
    timers.delete(number);
  };
  const setTimer = (key: number, kind: TimerKind, name: string, time: number): void => {
    if (typeof time !== "number" || Number.isNaN(time))
      throw new Error(`A timer needs a time in milliseconds since the epoch, not ${String(time)}.`);
    clearTimer(key, kind, name);
    timers.set(numbers, { key, kind, name, time });
    const own = keyed[key]?.timers;
    if (own !== undefined) (own[kind] ??= new Map()).set(name, numbers);
    due[kind].push(time, numbers++);
  };
  // Made once: its numbers are written in place, and its functions may be taken out of it by their names.
  const ctx: { -readonly [K in keyof StatefulContext]: StatefulContext[K] } = {
    key: {},
    time: NaN,
    weight: 1,
    watermark: NaN,
    clock: NaN,
    emit(row, options) {
      rows.append(row);
      emission.emit(at.position, at.own, options?.time ?? ctx.time, 1, -1);
    },
    eventTimer: (time, name = "") => setTimer(current, "event", name, time),
    processingTimer: (time, name = "") => setTimer(current, "processing", name, time),
    clearTimer(name = "") {
      clearTimer(current, "event", name);
      clearTimer(current, "processing", name);
    },
    clear() {
      cleared = true;
      const own = keyed[current]?.timers;
      if (own === undefined) return;
      for (const kind of KINDS) {
        for (const number of own[kind]?.values() ?? []) timers.delete(number);
        own[kind] = null;
      }
    },
  };
  /** Calls a user's function for a key, and keeps the state it leaves. What else holds is in `ctx` and `at` already. */
  const call = (fn: UserFunction, key: number, what: unknown): void => {
    const entry = keyed[key] as Keyed;
    current = key;
    cleared = false;
    ctx.key = entry.name;
    ctx.watermark = watermark;
    const state = fn(entry.state, what, ctx);
    if (state !== undefined) entry.state = state;
    if (!cleared) return;
    entry.state = copyPlain(node.initial);
    if (sizeOf(entry.timers) > 0) return;
    keyed[key] = undefined;
    keys--;
  };
  /** Fires the timers of a kind that are due at `until`, or before it alone, in order and with those that they set. */
  const fire = (kind: TimerKind, until: number, before: boolean, position: number, clock: number): void => {
    const queue = due[kind];
    while (queue.size > 0 && (before ? queue.first < until : queue.first <= until)) {
      const number = queue.pop();
      const timer = timers.get(number);
      if (timer === undefined) continue;
      clearTimer(timer.key, kind, timer.name);
      if (onTimer === null)
        throw new Error("A timer fired, but stateful was given no onTimer. Give it one: {onRow, onTimer}.");
      const early = kind === "processing" && timer.time < clock;
      at.position = position;
      at.own = early ? timer.time : NaN;
      ctx.clock = early ? timer.time : clock;
      // Event time of what a processing-time timer does is the watermark, which says how far event time has come.
      ctx.time = kind === "event" ? timer.time : watermark;
      ctx.weight = 1;
      call(onTimer, timer.key, { name: timer.name, kind, time: timer.time });
    }
  };

  return {
    step(step, [input]) {
      const flow = dense(input);
      const columns = flow.count === 0 ? [] : keysOf(flow.batch);
      const ids = flow.count === 0 ? new Int32Array(0) : index.ids(columns, flow.count, true);
      watermark = walk(step, [flow], input.watermark, watermark, {
        row(_input, row, position, own) {
          const clock = clockAt(flow, step, row);
          if (due.processing.size > 0) fire("processing", clock, true, position, clock);
          const key = ids[row];
          if (keyed[key] === undefined) {
            const name = Object.fromEntries(node.keys.map((k, i) => [k.name, valueAt(columns[i], row)]));
            keyed[key] = { name, state: copyPlain(node.initial), timers: { event: null, processing: null } };
            keys++;
          }
          at.position = position;
          at.own = own;
          ctx.clock = clock;
          ctx.time = flow.time[row];
          ctx.weight = flow.weight === null ? 1 : flow.weight[row];
          call(onRow, key, rowAt(flow.batch, row));
          if (due.event.size > 0) fire("event", watermark, false, position, clock);
        },
        end(position, clock) {
          if (due.processing.size === 0) return;
          fire("processing", clock, true, position, clock);
          if (step.last && position === step.length - 1) fire("processing", clock, false, position, clock);
        },
        advance(position, moved) {
          watermark = moved;
          if (due.event.size > 0) fire("event", moved, false, position, step.clock[position]);
        },
      });
      const main = emission.take(step, schema, input.watermark, () => rows.take().columns);
      return { main };
    },
    snapshot: () => ({
      watermark,
      numbers,
      index: index.snapshot(),
      keyed: keyed.flatMap((entry, key) =>
        entry === undefined ? [] : [[key, { name: entry.name, state: copyPlain(entry.state) }]],
      ),
      timers: [...timers],
      event: due.event.snapshot(),
      processing: due.processing.snapshot(),
    }),
    restore(snapshot) {
      const from = snapshot as {
        watermark: number;
        numbers: number;
        index: unknown;
        keyed: [number, Pick<Keyed, "name" | "state">][];
        timers: [number, Timer][];
        event: unknown;
        processing: unknown;
      };
      ({ watermark, numbers } = from);
      index.restore(from.index);
      for (const [key, entry] of from.keyed) {
        keyed[key] = { ...entry, timers: { event: null, processing: null } };
        keys++;
      }
      for (const [number, timer] of from.timers) {
        timers.set(number, timer);
        const own = keyed[timer.key]?.timers;
        if (own !== undefined) (own[timer.kind] ??= new Map()).set(timer.name, number);
      }
      due.event.restore(from.event);
      due.processing.restore(from.processing);
    },
    size: () => ({ keys, windows: 0, entries: timers.size, hold: null }),
  };
};

const KINDS: readonly TimerKind[] = ["event", "processing"];

function sizeOf({ event, processing }: Keyed["timers"]): number {
  return (event?.size ?? 0) + (processing?.size ?? 0);
}

function compiled(fn: FunctionText): UserFunction {
  return compileFunction(fn.source, fn.parameters as Readonly<Record<string, Value>>);
}

/** Copies plain data. Throws on what a snapshot could not carry. */
function copyPlain(value: unknown): unknown {
  if (value === null || typeof value !== "object") {
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint")
      throw new Error(
        `The state of stateful holds a ${typeof value}. Keep plain data: numbers, text, booleans, arrays, objects.`,
      );
    return value;
  }
  if (Array.isArray(value)) return value.map(copyPlain);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new Error(
      `The state of stateful holds a ${value.constructor.name}. Keep plain data: arrays and objects instead of maps, sets and dates.`,
    );
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copyPlain(v)]));
}
