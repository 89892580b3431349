/**
 * Brings the rows of shards together, node by node and step by step, in the order in which one run would have put them out: by
 * position, and at one position by whose turn it is.
 */
import { emptyBatch } from "../../columns/builder.ts";
import type { Column, Schema, Value } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import { emptyFlow, type Flow, type Turns } from "../flow.ts";
import { Translation } from "../row-store.ts";
import type { Step } from "../step.ts";

/** Merges what shards put out of one node. Flows are valid until the next. */
export class Merger {
  readonly #schema: Schema;
  /** Dictionaries of the logs. */
  readonly #logs: ReadonlySet<Dictionary>;
  /** By column: the dictionary of what is merged, where shards have dictionaries of their own. */
  readonly #translations: (Translation | undefined)[] = [];
  readonly #to: Int32Array[];
  readonly #room = new Room();

  constructor(schema: Schema, shards: number, logs: ReadonlySet<Dictionary>) {
    this.#schema = schema;
    this.#logs = logs;
    this.#to = Array.from({ length: shards }, () => new Int32Array(64));
  }

  /** Merges what came out of each shard in a step; `watermark` is that of all. */
  step(step: Step, flows: readonly Flow[], watermark: Float64Array): Flow {
    const speaking = flows.filter(flow => flow.count > 0);
    if (speaking.length === 0) return emptyFlow(this.#schema, emptyBatch(this.#schema), watermark);
    this.#room.begin();
    if (speaking.length === 1) return this.#alone(speaking[0], watermark);
    const at = speaking.map(flow => flow.at ?? this.#room.counting(flow.count));
    const count = speaking.reduce((sum, flow) => sum + flow.count, 0);
    // Where each position has one row, its place is its position.
    if (count === step.length && isCovered(speaking, at, this.#room.bytes(count)))
      return this.#together(new Placed(speaking, at, at, count, this.#room), step, watermark);
    speaking.forEach(({ count: own }, s) => {
      if (this.#to[s].length < own) this.#to[s] = new Int32Array(2 * own);
    });
    if (speaking.length === 2) placeTwo(speaking, at, step, this.#to);
    else placeAll(speaking, at, step, this.#to);
    return this.#together(new Placed(speaking, at, this.#to, count, this.#room), step, watermark);
  }

  /** Hands on the rows of the only shard that has any. */
  #alone(flow: Flow, watermark: Float64Array): Flow {
    const columns = flow.batch.columns.map((column, c) =>
      column.type === "string" ? this.#strings([column], c, column.codes) : column,
    );
    const batch = { schema: this.#schema, length: flow.count, columns };
    const { count, at, time, clock, weight, pane } = flow;
    return { batch, selection: null, count, at, time, clock, weight, pane, watermark };
  }

  #together(placed: Placed, step: Step, watermark: Float64Array): Flow {
    const { count } = placed;
    const timing = placed.bytes(f => f.pane?.timing ?? null);
    return {
      batch: { schema: this.#schema, length: count, columns: this.#schema.map((_, c) => this.#column(placed, c)) },
      selection: null,
      count,
      at: placed.covering ? null : placed.positions(),
      time: placed.floats(f => f.time) ?? NONE,
      clock: placed.clocks(step),
      weight: placed.ints(f => f.weight, 1),
      pane:
        timing === null
          ? null
          : {
              timing,
              index: placed.ints(f => f.pane?.index ?? null) as Int32Array,
              nonSpeculativeIndex: placed.ints(f => f.pane?.nonSpeculativeIndex ?? null) as Int32Array,
              first: placed.bytes(f => f.pane?.first ?? null) as Uint8Array,
              last: placed.bytes(f => f.pane?.last ?? null) as Uint8Array,
            },
      watermark,
    };
  }

  #column(placed: Placed, c: number): Column {
    const { type } = this.#schema[c];
    const of = (flow: Flow): Column => flow.batch.columns[c];
    switch (type) {
      case "number":
      case "timestamp":
        return {
          type,
          values: placed.floats(f => (of(f) as Floats).values) ?? NONE,
          valid: placed.bytes(f => (of(f) as Floats).valid, 1),
        };
      case "boolean":
        return {
          type,
          values: placed.bytes(f => (of(f) as Booleans).values) ?? new Uint8Array(0),
          valid: placed.bytes(f => (of(f) as Booleans).valid, 1),
        };
      case "json":
        return { type, values: placed.values(f => (of(f) as Jsons).values) };
      case "string": {
        const columns = placed.flows.map(f => of(f) as Strings);
        return this.#strings(columns, c, null, placed);
      }
    }
  }

  /** `codes`: those of a single column, which stay where they are if nothing is to be translated. */
  #strings(columns: readonly Strings[], c: number, codes: Int32Array | null, placed: Placed | null = null): Column {
    const [{ dictionary }] = columns;
    // As long as every shard means a log's dictionary, so does what they make together.
    if (
      this.#translations[c] === undefined &&
      this.#logs.has(dictionary) &&
      columns.every(column => column.dictionary === dictionary)
    ) {
      const of = codes ?? (placed?.ints(f => (f.batch.columns[c] as Strings).codes) as Int32Array);
      return { type: "string", codes: of, dictionary };
    }
    const translation = (this.#translations[c] ??= new Translation());
    const tables = columns.map(column => translation.table(column.dictionary));
    const out =
      codes === null
        ? (placed?.codes(f => (f.batch.columns[c] as Strings).codes, tables) as Int32Array)
        : translated(codes, tables[0], this.#room.ints(codes.length));
    return { type: "string", codes: out, dictionary: translation.into };
  }
}

type Floats = Extract<Column, { type: "number" | "timestamp" }>;
type Booleans = Extract<Column, { type: "boolean" }>;
type Strings = Extract<Column, { type: "string" }>;
type Jsons = Extract<Column, { type: "json" }>;

const NONE = new Float64Array(0);

function translated(codes: Int32Array, table: Int32Array, out: Int32Array): Int32Array {
  for (let i = 0; i < codes.length; i++) out[i] = codes[i] < 0 ? -1 : table[codes[i]];
  return out;
}

/** Whether the positions of rows, of which there are as many as positions, are all of them. */
function isCovered(flows: readonly Flow[], at: readonly Int32Array[], marks: Uint8Array): boolean {
  marks.fill(0);
  flows.forEach(({ count }, s) => mark(at[s], count, marks));
  let marked = 0;
  for (let p = 0; p < marks.length; p++) marked += marks[p];
  return marked === marks.length;
}

function mark(at: Int32Array, count: number, marks: Uint8Array): void {
  for (let i = 0; i < count; i++) marks[at[i]] = 1;
}

/** Finds the place of each row of two shards among all. */
function placeTwo(
  [a, b]: readonly Flow[],
  [atA, atB]: readonly Int32Array[],
  step: Step,
  [to, and]: readonly Int32Array[],
): void {
  const { count: m } = a;
  const { count: n } = b;
  let i = 0;
  let j = 0;
  let place = 0;
  while (i < m && j < n) {
    const difference = atA[i] - atB[j];
    if (difference === 0) {
      if (isBefore(a, i, b, j, step)) to[i++] = place++;
      else and[j++] = place++;
      continue;
    }
    // Whose turn it is cannot be foreseen, so there is no branch: the sign says it, and both places are written.
    const first = difference >>> 31;
    to[i] = place;
    and[j] = place++;
    i += first;
    j += 1 - first;
  }
  while (i < m) to[i++] = place++;
  while (j < n) and[j++] = place++;
}

function placeAll(flows: readonly Flow[], at: readonly Int32Array[], step: Step, to: readonly Int32Array[]): void {
  const next = new Int32Array(flows.length);
  for (let place = 0; ; place++) {
    let best = -1;
    for (let s = 0; s < flows.length; s++) {
      const row = next[s];
      if (row === flows[s].count) continue;
      if (best >= 0) {
        const x = at[s][row];
        const y = at[best][next[best]];
        if (x > y || (x === y && !isBefore(flows[s], row, flows[best], next[best], step))) continue;
      }
      best = s;
    }
    if (best < 0) return;
    to[best][next[best]++] = place;
  }
}

/** Whether a row comes before another one at the same position. Two shards never speak in the same turn. */
function isBefore(a: Flow, i: number, b: Flow, j: number, step: Step): boolean {
  const x = a.turns;
  const y = b.turns;
  if (x === null || y === null || x === undefined || y === undefined)
    throw new Error("Two shards put out rows at one position, and do not say whose turn it is.");
  if (x.cause[i] !== y.cause[j]) return x.cause[i] < y.cause[j];
  const clockA = clockOf(a, i, step);
  const clockB = clockOf(b, j, step);
  if (clockA !== clockB) return clockA < clockB;
  return compareWindows(x, i, y, j) < 0;
}

function compareWindows(x: Turns, i: number, y: Turns, j: number): number {
  if (x.end[i] !== y.end[j]) return x.end[i] < y.end[j] ? -1 : 1;
  if (x.start[i] !== y.start[j]) return x.start[i] < y.start[j] ? -1 : 1;
  return x.key[i] - y.key[j];
}

function clockOf({ clock, at }: Flow, row: number, step: Step): number {
  return clock === null ? step.clock[at === null ? row : at[row]] : clock[row];
}

/** Arrays that are used again with each step, in the order in which a step asks for them. */
class Room {
  readonly #floats: Float64Array[] = [];
  readonly #ints: Int32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  #used = { floats: 0, ints: 0, bytes: 0 };

  begin(): void {
    this.#used = { floats: 0, ints: 0, bytes: 0 };
  }

  floats(count: number): Float64Array {
    const at = this.#used.floats++;
    let array = this.#floats[at];
    if (array === undefined || array.length < count) this.#floats[at] = array = new Float64Array(count + (count >> 1));
    return array.subarray(0, count);
  }

  ints(count: number): Int32Array {
    const at = this.#used.ints++;
    let array = this.#ints[at];
    if (array === undefined || array.length < count) this.#ints[at] = array = new Int32Array(count + (count >> 1));
    return array.subarray(0, count);
  }

  bytes(count: number): Uint8Array {
    const at = this.#used.bytes++;
    let array = this.#bytes[at];
    if (array === undefined || array.length < count) this.#bytes[at] = array = new Uint8Array(count + (count >> 1));
    return array.subarray(0, count);
  }

  /** 0, 1, 2 … */
  counting(count: number): Int32Array {
    const out = this.ints(count);
    for (let i = 0; i < count; i++) out[i] = i;
    return out;
  }
}

/** The rows of several shards in a step, and where they go. */
class Placed {
  readonly flows: readonly Flow[];
  readonly count: number;
  readonly #at: readonly Int32Array[];
  /** By shard: the place of each of its rows. */
  readonly #to: readonly Int32Array[];
  readonly #room: Room;

  constructor(flows: readonly Flow[], at: readonly Int32Array[], to: readonly Int32Array[], count: number, room: Room) {
    this.flows = flows;
    this.#at = at;
    this.#to = to;
    this.count = count;
    this.#room = room;
  }

  /** Whether each position has one row. */
  get covering(): boolean {
    return this.#to === this.#at;
  }

  positions(): Int32Array {
    const out = this.#room.ints(this.count);
    this.flows.forEach(({ count }, s) => scatterInts(this.#at[s], count, this.#to[s], out));
    return out;
  }

  /** The processing times of all rows; null where every row has that of its position. */
  clocks(step: Step): Float64Array | null {
    if (this.flows.every(f => f.clock === null)) return null;
    const out = this.#room.floats(this.count);
    this.flows.forEach(({ clock, count }, s) => {
      if (clock === null) scatterClocks(step.clock, this.#at[s], count, this.#to[s], out);
      else scatterFloats(clock, count, this.#to[s], out);
    });
    return out;
  }

  /** Makes an array of all rows' values. Null where no shard has any; `otherwise` where some shard has none. */
  floats(of: (flow: Flow) => Float64Array | null, otherwise = 0): Float64Array | null {
    if (this.#lacks(of)) return null;
    const out = this.#room.floats(this.count);
    this.flows.forEach((flow, s) => {
      const values = of(flow);
      if (values === null) this.#fill(out, s, otherwise);
      else scatterFloats(values, flow.count, this.#to[s], out);
    });
    return out;
  }

  /** As `floats`. */
  ints(of: (flow: Flow) => Int32Array | null, otherwise = 0): Int32Array | null {
    if (this.#lacks(of)) return null;
    const out = this.#room.ints(this.count);
    this.flows.forEach((flow, s) => {
      const values = of(flow);
      if (values === null) this.#fill(out, s, otherwise);
      else scatterInts(values, flow.count, this.#to[s], out);
    });
    return out;
  }

  /** As `floats`. */
  bytes(of: (flow: Flow) => Uint8Array | null, otherwise = 0): Uint8Array | null {
    if (this.#lacks(of)) return null;
    const out = this.#room.bytes(this.count);
    this.flows.forEach((flow, s) => {
      const values = of(flow);
      if (values === null) this.#fill(out, s, otherwise);
      else scatterBytes(values, flow.count, this.#to[s], out);
    });
    return out;
  }

  /** Makes an array of codes, each shard's looked up in its table. */
  codes(of: (flow: Flow) => Int32Array, tables: readonly Int32Array[]): Int32Array {
    const out = this.#room.ints(this.count);
    this.flows.forEach((flow, s) => {
      scatterCodes(of(flow), tables[s], flow.count, this.#to[s], out);
    });
    return out;
  }

  values(of: (flow: Flow) => readonly Value[]): Value[] {
    const out: Value[] = new Array<Value>(this.count).fill(null);
    this.flows.forEach((flow, s) => {
      const values = of(flow);
      for (let i = 0; i < flow.count; i++) out[this.#to[s][i]] = values[i] ?? null;
    });
    return out;
  }

  #lacks(of: (flow: Flow) => object | null): boolean {
    for (const flow of this.flows) if (of(flow) !== null) return false;
    return true;
  }

  #fill(out: Float64Array | Int32Array | Uint8Array, shard: number, value: number): void {
    const to = this.#to[shard];
    const { count } = this.flows[shard];
    for (let i = 0; i < count; i++) out[to[i]] = value;
  }
}

function scatterFloats(values: Float64Array, count: number, to: Int32Array, out: Float64Array): void {
  for (let i = 0; i < count; i++) out[to[i]] = values[i];
}

function scatterInts(values: Int32Array, count: number, to: Int32Array, out: Int32Array): void {
  for (let i = 0; i < count; i++) out[to[i]] = values[i];
}

function scatterBytes(values: Uint8Array, count: number, to: Int32Array, out: Uint8Array): void {
  for (let i = 0; i < count; i++) out[to[i]] = values[i];
}

function scatterCodes(codes: Int32Array, table: Int32Array, count: number, to: Int32Array, out: Int32Array): void {
  for (let i = 0; i < count; i++) out[to[i]] = codes[i] < 0 ? -1 : table[codes[i]];
}

function scatterClocks(clock: Float64Array, at: Int32Array, count: number, to: Int32Array, out: Float64Array): void {
  for (let i = 0; i < count; i++) out[to[i]] = clock[at[i]];
}
