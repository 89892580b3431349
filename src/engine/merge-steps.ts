/**
 * Puts remembered steps together. A log that grows, or is played slowly, is worked in steps of a row or two; kept like that, a
 * few rows would cost kilobytes for every node. Sixteen steps of a kind become one, sixteen of those the next larger, so each row
 * is copied a few times at most, and what is remembered costs what the rows do:
 *
 * ```
 * ················  →  ■ ················  →  ■■ … ■■■■■■■■■■■■■■■■  →  █ ····
 * ```
 *
 * What came out at a position comes out at that position still. Where steps were cut makes no difference to whoever reads them.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, Value } from "../columns/column.ts";
import type { Remembered } from "./catch-up.ts";
import { dense, type Flow, type PaneColumns } from "./flow.ts";
import type { Outputs } from "./operator.ts";
import { numberOf, type Step } from "./step.ts";

/** Steps that become one. */
const FAN = 16;
/** Positions that a step put together has at most. */
const LONGEST = 8_192;

/**
 * Puts the last steps of a list together where there are enough of a size, in place. Steps before `fixed` stay as they are: somebody
 * counts them.
 */
export function mergeLastSteps(memory: Remembered[], fixed: number): void {
  for (;;) {
    const last = memory.length - 1;
    if (last - FAN + 1 < fixed) return;
    const level = memory[last].level ?? 0;
    let length = 0;
    for (let i = last; i > last - FAN; i--) {
      length += memory[i].step.length;
      if ((memory[i].level ?? 0) !== level || length > LONGEST) return;
    }
    const merged = mergeSteps(memory.slice(last - FAN + 1));
    if (merged === null) {
      // Whatever keeps them apart will do so again: this one begins a new row of them.
      memory[last].level = -1 - last;
      return;
    }
    merged.level = level + 1;
    memory.splice(last - FAN + 1, FAN, merged);
  }
}

/** Makes one step of several that follow each other; null where they are not of one kind: a pipeline was edited in between. */
export function mergeSteps(parts: readonly Remembered[]): Remembered | null {
  const steps = parts.map(part => part.step);
  if (steps.some(step => step.bundleEnd !== null)) return null;
  const [{ flows: shape }] = parts;
  if (parts.some(({ flows }) => flows.size !== shape.size)) return null;
  const length = steps.reduce((sum, step) => sum + step.length, 0);
  const numbers = new Int32Array(length);
  let at = 0;
  for (const step of steps) for (let i = 0; i < step.length; i++) numbers[at++] = numberOf(step, i);
  const step: Step = {
    length,
    first: steps[0].first,
    numbers,
    clock: joinFloats(
      steps.map(s => s.clock),
      length,
    ),
    bundleEnd: null,
    last: steps[steps.length - 1].last,
  };
  const flows = new Map<string, Outputs>();
  for (const id of shape.keys()) {
    const outputs: Outputs[] = [];
    for (const part of parts) {
      const own = part.flows.get(id);
      if (own === undefined) return null;
      outputs.push(own);
    }
    const merged = mergeOutputs(steps, outputs, length);
    if (merged === null) return null;
    flows.set(id, merged);
  }
  return { step, flows };
}

function mergeOutputs(steps: readonly Step[], outputs: readonly Outputs[], length: number): Outputs | null {
  const ports = new Set(outputs.flatMap(each => Object.keys(each)));
  const merged: Record<string, Flow> = {};
  for (const port of ports) {
    // A port that said nothing in a step may be missing from it.
    const flow = mergeFlows(
      steps,
      outputs.map(each => each[port] ?? null),
      outputs.map(each => each["main"].watermark),
      length,
    );
    if (flow === null) return null;
    merged[port] = flow;
  }
  return merged;
}

function mergeFlows(
  steps: readonly Step[],
  given: readonly (Flow | null)[],
  watermarks: readonly Float64Array[],
  length: number,
): Flow | null {
  const watermark = joinFloats(
    given.map((flow, i) => flow?.watermark ?? watermarks[i]),
    length,
  );
  const spoken = given.flatMap((flow, i) => (flow === null || flow.count === 0 ? [] : [{ flow: dense(flow), i }]));
  if (spoken.length === 0) {
    const silent = given.find(flow => flow !== null);
    return silent === undefined || silent === null ? null : { ...silent, at: NOWHERE, watermark };
  }
  const starts: number[] = [];
  let start = 0;
  for (const step of steps) {
    starts.push(start);
    start += step.length;
  }
  const batch = joinBatches(spoken.map(({ flow }) => flow.batch));
  if (batch === null) return null;
  const count = batch.length;
  const at = new Int32Array(count);
  const hasClock = spoken.some(({ flow }) => flow.clock !== null);
  const hasWeight = spoken.some(({ flow }) => flow.weight !== null);
  const clock = hasClock ? new Float64Array(count) : null;
  const weight = hasWeight ? new Int32Array(count) : null;
  let row = 0;
  for (const { flow, i } of spoken)
    for (let own = 0; own < flow.count; own++, row++) {
      const position = flow.at === null ? own : flow.at[own];
      at[row] = starts[i] + position;
      if (clock !== null) clock[row] = flow.clock === null ? steps[i].clock[position] : flow.clock[own];
      if (weight !== null) weight[row] = flow.weight === null ? 1 : flow.weight[own];
    }
  const panes = spoken.map(({ flow }) => flow.pane);
  const described = panes.filter(pane => pane !== null);
  if (described.length > 0 && described.length < panes.length) return null;
  const inPlace = count === length && at.every((position, i) => position === i);
  return {
    batch,
    selection: null,
    count,
    at: inPlace ? null : at,
    time: joinFloats(
      spoken.map(({ flow }) => flow.time.subarray(0, flow.count)),
      count,
    ),
    clock,
    weight,
    pane: described.length === 0 ? null : joinPanes(described, count),
    watermark,
  };
}

const NOWHERE = new Int32Array(0);

function joinPanes(panes: readonly PaneColumns[], count: number): PaneColumns {
  const bytes = (of: (pane: PaneColumns) => Uint8Array): Uint8Array => join(panes.map(of), count, bytesOf);
  const ints = (of: (pane: PaneColumns) => Int32Array): Int32Array => join(panes.map(of), count, intsOf);
  return {
    timing: bytes(pane => pane.timing),
    index: ints(pane => pane.index),
    nonSpeculativeIndex: ints(pane => pane.nonSpeculativeIndex),
    first: bytes(pane => pane.first),
    last: bytes(pane => pane.last),
  };
}

/** One batch of several of a stream; null where their columns differ, or their strings are coded by other dictionaries. */
function joinBatches(batches: readonly Batch[]): Batch | null {
  const [{ schema }] = batches;
  const length = batches.reduce((sum, batch) => sum + batch.length, 0);
  if (batches.some(b => b.columns.length !== schema.length)) return null;
  const columns: Column[] = [];
  for (let c = 0; c < schema.length; c++) {
    const column = joinColumns(
      batches.map(batch => batch.columns[c]),
      batches.map(batch => batch.length),
      length,
    );
    if (column === null) return null;
    columns.push(column);
  }
  return { schema, length, columns };
}

function joinColumns(parts: readonly Column[], lengths: readonly number[], length: number): Column | null {
  const [first] = parts;
  if (parts.some(part => part.type !== first.type)) return null;
  const validity = (): Uint8Array | null => {
    if (parts.every(part => !("valid" in part) || part.valid === null)) return null;
    const valid = new Uint8Array(length).fill(1);
    let at = 0;
    parts.forEach((part, i) => {
      if ("valid" in part && part.valid !== null) valid.set(part.valid.subarray(0, lengths[i]), at);
      at += lengths[i];
    });
    return valid;
  };
  switch (first.type) {
    case "number":
    case "timestamp":
      return {
        type: first.type,
        values: joinFloats(
          (parts as (typeof first)[]).map((part, i) => part.values.subarray(0, lengths[i])),
          length,
        ),
        valid: validity(),
      };
    case "boolean":
      return {
        type: "boolean",
        values: join(
          (parts as (typeof first)[]).map((part, i) => part.values.subarray(0, lengths[i])),
          length,
          bytesOf,
        ),
        valid: validity(),
      };
    case "string": {
      const { dictionary } = first;
      if ((parts as (typeof first)[]).some(part => part.dictionary !== dictionary)) return null;
      const codes = (parts as (typeof first)[]).map((part, i) => part.codes.subarray(0, lengths[i]));
      return { type: "string", codes: join(codes, length, intsOf), dictionary };
    }
    case "json": {
      const values: Value[] = [];
      (parts as (typeof first)[]).forEach((part, i) => {
        for (let row = 0; row < lengths[i]; row++) values.push(part.values[row]);
      });
      return { type: "json", values };
    }
  }
}

function joinFloats(parts: readonly Float64Array[], length: number): Float64Array {
  return join(parts, length, size => new Float64Array(size));
}

/** One array of several. Views that follow each other in one buffer, as those of a log do, are one wider view of it. */
function join<T extends Float64Array | Int32Array | Uint8Array>(
  parts: readonly T[],
  length: number,
  make: (size: number) => T,
): T {
  const [first] = parts;
  let end = first.byteOffset;
  const follow = parts.every(part => {
    const follows = part.buffer === first.buffer && part.byteOffset === end;
    end = part.byteOffset + part.byteLength;
    return follows;
  });
  if (follow) return new (first.constructor as new (...of: unknown[]) => T)(first.buffer, first.byteOffset, length);
  const into = make(length);
  let at = 0;
  for (const part of parts) {
    into.set(part as never, at);
    at += part.length;
  }
  return into;
}

const bytesOf = (size: number): Uint8Array => new Uint8Array(size);
const intsOf = (size: number): Int32Array => new Int32Array(size);
