/** Puts the rows of one batch behind those of another that has the same schema and shares its dictionaries. */
import type { Batch } from "./batch.ts";
import type { Column } from "./column.ts";

/** Returns the rows of `a` and then those of `b`. Throws where their columns do not fit each other. */
export function concatBatches(a: Batch, b: Batch): Batch {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  return {
    schema: a.schema,
    length: a.length + b.length,
    columns: a.columns.map((column, c) => concatColumns(column, b.columns[c])),
  };
}

function concatColumns(a: Column, b: Column): Column {
  switch (a.type) {
    case "number":
    case "timestamp":
      if (b.type !== a.type) break;
      return { type: a.type, values: concatFloats(a.values, b.values), valid: concatValid(a, b) };
    case "boolean":
      if (b.type !== a.type) break;
      return { type: "boolean", values: concatBytes(a.values, b.values), valid: concatValid(a, b) };
    case "string":
      if (b.type !== a.type || b.dictionary !== a.dictionary) break;
      return { type: "string", codes: concatInts(a.codes, b.codes), dictionary: a.dictionary };
    case "json":
      if (b.type !== a.type) break;
      return { type: "json", values: [...a.values, ...b.values] };
  }
  throw new Error(`Columns of ${a.type} and ${b.type} do not fit each other, or have dictionaries of their own.`);
}

interface Masked {
  readonly values: { readonly length: number };
  readonly valid: Uint8Array | null;
}

function concatValid(a: Masked, b: Masked): Uint8Array | null {
  if (a.valid === null && b.valid === null) return null;
  const out = new Uint8Array(a.values.length + b.values.length).fill(1);
  if (a.valid !== null) out.set(a.valid);
  if (b.valid !== null) out.set(b.valid, a.values.length);
  return out;
}

export function concatFloats(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

export function concatInts(a: Int32Array, b: Int32Array): Int32Array {
  const out = new Int32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function concatBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
