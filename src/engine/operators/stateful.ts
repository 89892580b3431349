/** `stateful`: calls a user's functions with the state of each row's key, and keeps their timers. */
import { rowAt } from "../../columns/batch.ts";
import { BatchBuilder } from "../../columns/builder.ts";
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
import { madeValues } from "./made-rows.ts";

type TimerKind = "event" | "processing";

/** A timer that is set. */
interface Timer {
  readonly key: number;
  readonly kind: TimerKind;
  readonly name: string;
  readonly time: number;
}

/** What is kept of a key: its values by name, its state, and the numbers of its timers by kind and name. */
interface Keyed {
  readonly name: Readonly<Record<string, Value>>;
  state: unknown;
  readonly timers: Map<string, number>;
}

/** What user functions are given besides state and row. */
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
  const keyed = new Map<number, Keyed>();
  /** Timers by number, and the numbers by time. */
  const timers = new Map<number, Timer>();
  const due: Readonly<Record<TimerKind, Due>> = { event: new Due(), processing: new Due() };
  let numbers = 0;
  let watermark = -Infinity;
  const builder = new BatchBuilder(node.fields);
  const emission = new Emission();

  const clearTimer = (key: number, kind: TimerKind, name: string): void => {
    const own = keyed.get(key)?.timers;
    const number = own?.get(`${kind} ${name}`);
    if (number === undefined) return;
    own?.delete(`${kind} ${name}`);
    timers.delete(number);
  };
  const setTimer = (key: number, kind: TimerKind, name: string, time: number): void => {
    if (typeof time !== "number" || Number.isNaN(time))
      throw new Error(`A timer needs a time in milliseconds since the epoch, not ${String(time)}.`);
    clearTimer(key, kind, name);
    timers.set(numbers, { key, kind, name, time });
    keyed.get(key)?.timers.set(`${kind} ${name}`, numbers);
    due[kind].push(time, numbers++);
  };
  /** Calls a user's function for a key, and keeps the state it leaves. */
  const call = (
    fn: UserFunction,
    key: number,
    what: unknown,
    at: { position: number; own: number; clock: number; time: number; weight: number },
  ): void => {
    const entry = keyed.get(key) as Keyed;
    let cleared = false;
    const ctx: StatefulContext = {
      key: entry.name,
      time: at.time,
      weight: at.weight,
      watermark,
      clock: at.clock,
      emit(row, options = {}) {
        builder.append(madeValues(row, node.fields, "stateful"));
        emission.emit(at.position, at.own, options.time ?? at.time, 1, -1);
      },
      eventTimer: (time, name = "") => setTimer(key, "event", name, time),
      processingTimer: (time, name = "") => setTimer(key, "processing", name, time),
      clearTimer(name = "") {
        clearTimer(key, "event", name);
        clearTimer(key, "processing", name);
      },
      clear() {
        cleared = true;
        for (const number of entry.timers.values()) timers.delete(number);
        entry.timers.clear();
      },
    };
    const state = fn(entry.state, what, ctx);
    if (state !== undefined) entry.state = state;
    if (!cleared) return;
    entry.state = copyPlain(node.initial);
    if (entry.timers.size === 0) keyed.delete(key);
  };
  /** Fires the timers of a kind that are due, in order, with those that they set. */
  const fire = (kind: TimerKind, isDue: (time: number) => boolean, position: number, clock: number): void => {
    while (due[kind].size > 0 && isDue(due[kind].first)) {
      const number = due[kind].pop();
      const timer = timers.get(number);
      if (timer === undefined) continue;
      clearTimer(timer.key, kind, timer.name);
      if (onTimer === null)
        throw new Error("A timer fired, but stateful was given no onTimer. Give it one: {onRow, onTimer}.");
      const early = kind === "processing" && timer.time < clock;
      call(
        onTimer,
        timer.key,
        { name: timer.name, kind, time: timer.time },
        {
          position,
          own: early ? timer.time : NaN,
          clock: early ? timer.time : clock,
          // Event time of what a processing-time timer does is the watermark, which says how far event time has come.
          time: kind === "event" ? timer.time : watermark,
          weight: 1,
        },
      );
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
          fire("processing", time => time < clock, position, clock);
          const key = ids[row];
          if (!keyed.has(key)) {
            const name = Object.fromEntries(node.keys.map((k, i) => [k.name, valueAt(columns[i], row)]));
            keyed.set(key, { name, state: copyPlain(node.initial), timers: new Map() });
          }
          const weight = flow.weight === null ? 1 : flow.weight[row];
          call(onRow, key, rowAt(flow.batch, row), { position, own, clock, time: flow.time[row], weight });
          fire("event", time => time <= watermark, position, clock);
        },
        end(position, clock) {
          fire("processing", time => time < clock, position, clock);
          if (step.last && position === step.length - 1) fire("processing", time => time <= clock, position, clock);
        },
        advance(position, moved) {
          watermark = moved;
          fire("event", time => time <= moved, position, step.clock[position]);
        },
      });
      const main = emission.take(step, schema, input.watermark, () => builder.take().columns);
      return { main };
    },
    snapshot: () => ({
      watermark,
      numbers,
      index: index.snapshot(),
      keyed: [...keyed].map(([key, { name, state }]) => [key, { name, state: copyPlain(state) }]),
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
      for (const [key, entry] of from.keyed) keyed.set(key, { ...entry, timers: new Map() });
      for (const [number, timer] of from.timers) {
        timers.set(number, timer);
        keyed.get(timer.key)?.timers.set(`${timer.kind} ${timer.name}`, number);
      }
      due.event.restore(from.event);
      due.processing.restore(from.processing);
    },
    size: () => ({ keys: keyed.size, windows: 0, entries: timers.size, hold: null }),
  };
};

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
