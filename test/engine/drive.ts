/** Drives one operator by hand: moments in, rows out, cut into steps at will, restored between them at will. */
import fc from "fast-check";
import { type Row, rowAt } from "../../src/columns/batch.ts";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import { clockOf, type Flow } from "../../src/engine/flow.ts";
import type { Operator, OperatorFactory } from "../../src/engine/operator.ts";
import type { Step } from "../../src/engine/step.ts";
import { PROFILES } from "../../src/model/profiles.ts";
import { type Node, verbOf } from "../../src/pipeline/node.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";

export interface Arrival {
  readonly input?: number;
  readonly row: Row;
  readonly time: number;
  readonly weight?: number;
  readonly clock?: number;
}

/** One position: rows, then the watermark of each input after them (kept from before where not given). */
export interface Moment {
  readonly clock?: number;
  readonly rows?: readonly Arrival[];
  readonly watermark?: number | readonly (number | undefined)[];
}

export interface Emitted {
  readonly at: number;
  readonly clock: number;
  readonly time: number;
  readonly weight: number;
  readonly row: Row;
}

export interface DriveOptions {
  /** Positions per step; default all in one. */
  readonly cut?: number;
  /** Takes the state out and puts it into a fresh operator after every step; inputs then come with new dictionaries too. */
  readonly restore?: boolean;
  /** Hides rows that do not belong between those that do, behind a selection. */
  readonly select?: boolean;
  readonly ports?: readonly string[];
  readonly profile?: keyof typeof PROFILES;
  readonly codegen?: boolean;
  /** Receives each operator that is made. */
  readonly made?: (operator: Operator) => void;
}

/** A source to stand for an input; `retracts` makes one whose rows can be taken back. */
export function input(retracts = false, name = "input"): Node {
  const source: SourceNode = {
    verb: "source",
    input: { kind: "file", name, format: null, options: {} },
    eventTime: { column: "t", unit: null, timeZone: null },
    arrivalTime: null,
    partition: null,
    watermark: {
      basis: { kind: "manual" },
      idle: null,
      future: null,
      per: "source",
      keyColumn: null,
      every: null,
      microBatch: null,
    },
    types: {},
  };
  return retracts
    ? { verb: "aggregate", input: source, keys: [], strategy: null, aggregates: [], outputs: [] }
    : source;
}

/** Runs moments through the operator of a node and returns what each port put out, with the output's watermarks. */
export function drive<N extends Node>(
  node: N,
  factory: OperatorFactory<N>,
  schemas: readonly Schema[],
  moments: readonly Moment[],
  options: DriveOptions = {},
): { main: Emitted[]; watermark: number[] } & Record<string, Emitted[] | number[]> {
  const { ports = [], restore = false, select = false } = options;
  const make = (): Operator => {
    const operator = factory(node, {
      inputs: schemas,
      schema: port => verbOf(node).schema(node, schemas, port),
      reads: port => port === "main" || ports.includes(port),
      profile: PROFILES[options.profile ?? "tidemark"],
      codegen: options.codegen ?? true,
      specialize: true,
    });
    options.made?.(operator);
    return operator;
  };
  let operator = make();
  let builders = schemas.map(schema => new BatchBuilder(schema));
  const cut = options.cut ?? Math.max(1, moments.length);
  const out: Record<string, Emitted[]> = { main: [] };
  for (const port of ports) out[port] = [];
  const watermark: number[] = [];
  const current = schemas.map(() => -Infinity);
  for (let first = 0; first < moments.length; first += cut) {
    const part = moments.slice(first, first + cut);
    const step: Step = {
      length: part.length,
      first,
      clock: Float64Array.from(part, (m, i) => m.clock ?? (first + i) * 1_000),
      bundleEnd: null,
      last: first + cut >= moments.length,
    };
    const flows = schemas.map((schema, i) => flowOf(schema, builders[i], part, step, i, current, select));
    for (const moment of part) forward(current, moment);
    const outputs = operator.step(step, flows);
    for (const port of ["main", ...ports]) {
      const flow = outputs[port];
      if (flow !== undefined) out[port].push(...emittedOf(flow, step));
    }
    watermark.push(...outputs.main.watermark);
    if (restore) {
      const snapshot = structuredClone(operator.snapshot());
      operator = make();
      operator.restore(snapshot);
      builders = schemas.map(schema => new BatchBuilder(schema));
    }
  }
  return { ...out, main: out.main, watermark };
}

function forward(current: number[], moment: Moment): void {
  for (let i = 0; i < current.length; i++) {
    const to = typeof moment.watermark === "number" ? moment.watermark : moment.watermark?.[i];
    if (to !== undefined && to > current[i]) current[i] = to;
  }
}

function flowOf(
  schema: Schema,
  builder: BatchBuilder,
  part: readonly Moment[],
  step: Step,
  of: number,
  before: readonly number[],
  select: boolean,
): Flow {
  const at: number[] = [];
  const time: number[] = [];
  const clock: number[] = [];
  const weight: number[] = [];
  const chosen: number[] = [];
  const watermark = new Float64Array(part.length);
  const current = [...before];
  const push = (p: number, arrival: Arrival, real: boolean): void => {
    if (real) chosen.push(at.length);
    builder.append(schema.map(f => arrival.row[f.name]));
    at.push(p);
    time.push(arrival.time);
    clock.push(arrival.clock ?? step.clock[p]);
    weight.push(arrival.weight ?? 1);
  };
  part.forEach((moment, p) => {
    for (const arrival of moment.rows ?? []) {
      if ((arrival.input ?? 0) !== of) continue;
      push(p, arrival, true);
      if (select) push(p, { ...arrival, weight: 7 }, false);
    }
    forward(current, moment);
    watermark[p] = current[of];
  });
  const count = chosen.length;
  return {
    batch: builder.take(),
    selection: select ? Int32Array.from(chosen) : null,
    count,
    at: !select && count === part.length && at.every((p, i) => p === i) ? null : Int32Array.from(at),
    time: Float64Array.from(time),
    clock: clock.every((c, i) => c === step.clock[at[i]]) ? null : Float64Array.from(clock),
    weight: weight.every(w => w === 1) ? null : Int32Array.from(weight),
    pane: null,
    watermark,
  };
}

function emittedOf(flow: Flow, step: Step): Emitted[] {
  return Array.from({ length: flow.count }, (_, i) => {
    const row = flow.selection === null ? i : flow.selection[i];
    return {
      at: step.first + (flow.at === null ? row : flow.at[row]),
      clock: clockOf(flow, step, row),
      time: flow.time[row],
      weight: flow.weight === null ? 1 : flow.weight[row],
      row: rowAt(flow.batch, row),
    };
  });
}

/** Runs moments in steps of all, 1, 7 and 3 positions, with restores and selections; returns the output if all agree. */
export function driveEveryWay<N extends Node>(
  node: N,
  factory: OperatorFactory<N>,
  schemas: readonly Schema[],
  moments: readonly Moment[],
  options: DriveOptions = {},
): ReturnType<typeof drive> {
  const whole = drive(node, factory, schemas, moments, options);
  for (const way of [{ cut: 1 }, { cut: 7 }, { cut: 3, restore: true }, { cut: 1, restore: true, select: true }]) {
    const other = drive(node, factory, schemas, moments, { ...options, ...way });
    if (JSON.stringify(plain(other)) !== JSON.stringify(plain(whole)))
      throw new Error(
        `Cut ${JSON.stringify(way)} differs.\n${JSON.stringify(plain(other), null, 1)}\nagainst\n${JSON.stringify(plain(whole), null, 1)}`,
      );
  }
  return whole;
}

/** JSON has no infinities; the comparison needs them. */
function plain(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  return value;
}

/** Sums emitted rows as a Z-set: text of each row (and time) to its weight, zeros left out, in order of the text. */
export function zset(
  rows: readonly { row: Row; weight: number; time?: number }[],
  withTime = false,
): [string, number][] {
  const sums = new Map<string, number>();
  for (const { row, weight, time } of rows) {
    const key = JSON.stringify(withTime ? { ...row, time } : row);
    sums.set(key, (sums.get(key) ?? 0) + weight);
  }
  return [...sums].filter(([, w]) => w !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Makes random moments: rows of `row` near a time that goes on, some late, some far ahead, some taking earlier rows back when
 * `retracts`; watermarks that go on by fits and starts and reach the end with the last moment.
 */
export function moments(
  row: fc.Arbitrary<Row>,
  { inputs = 1, retracts = [] as readonly number[], length = 40, end = true } = {},
): fc.Arbitrary<Moment[]> {
  const entry = fc.record({
    input: fc.integer({ min: 0, max: inputs - 1 }),
    row,
    jump: fc.integer({ min: -25, max: 10 }),
    takeBack: fc.integer({ min: 0, max: 5 }),
    choice: fc.nat(),
    gap: fc.constantFrom(0, 0, 0, 1),
    lag: fc.integer({ min: 0, max: 20 }),
    advances: fc.boolean(),
  });
  return fc.array(entry, { maxLength: length }).map(entries => {
    const out: Moment[] = [];
    const held: Arrival[][] = Array.from({ length: inputs }, () => []);
    let now = 100;
    for (const e of entries) {
      now += 4;
      const rows: Arrival[] = [];
      if (e.gap === 0) {
        let arrival: Arrival = { input: e.input, row: e.row, time: now + e.jump };
        const own = held[e.input];
        if (retracts.includes(e.input) && e.takeBack < 2 && own.length > 0) {
          const [back] = own.splice(e.choice % own.length, 1);
          arrival = { ...back, weight: -1 };
        } else own.push(arrival);
        rows.push(arrival);
        // Now and then a second row at the same position, of another input where there is one.
        if (e.choice % 5 === 0) {
          const second = { input: (e.input + 1) % inputs, row: e.row, time: now + e.lag - 5 };
          held[second.input].push(second);
          rows.push(second);
        }
      }
      const watermark = e.advances ? Array.from({ length: inputs }, (_, i) => now - e.lag - i) : undefined;
      out.push({ rows, watermark });
    }
    if (end) out.push({ watermark: Infinity });
    return out;
  });
}
