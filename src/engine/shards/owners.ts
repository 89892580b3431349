/**
 * Which shard each row of the sources belongs to: rows are thrown into buckets by a hash of their keys' values, and buckets are
 * given to shards so that each gets about its share of the rows, the largest first. Equal values have equal hashes whatever their
 * dictionaries, so rows that meet in a join belong to one shard.
 */
import { columnNamed } from "../../columns/batch.ts";
import type { Column } from "../../columns/column.ts";
import { canonical } from "../../pipeline/identity.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { hashNumber, hashText, mix } from "../row-store.ts";

const BUCKETS = 4_096;

/** The log of a source, and the columns that say where its rows belong. */
export interface PartedLog {
  readonly log: SourceLog;
  readonly columns: readonly string[];
}

/**
 * Returns for each log the number of the shard of each of its rows, in memory that threads can share. `shares`: which part of all
 * rows each shard should have.
 */
export function ownersOf(parted: readonly PartedLog[], shares: readonly number[]): Uint8Array[] {
  if (shares.length > 256) throw new Error(`There can be 256 shards at most, not ${shares.length}.`);
  const rows = new Int32Array(BUCKETS);
  const buckets = parted.map(({ log, columns }) => {
    const found = bucketsOf(
      columns.map(name => columnNamed(log.batch, name)),
      log.batch.length,
    );
    for (let i = 0; i < found.length; i++) rows[found[i]]++;
    return found;
  });
  const shardOf = shareOut(rows, shares);
  return buckets.map(found => {
    const owners = new Uint8Array(new SharedArrayBuffer(found.length));
    for (let i = 0; i < found.length; i++) owners[i] = shardOf[found[i]];
    return owners;
  });
}

/** Gives each bucket to the shard that lacks the most rows of its share, the largest buckets first. */
function shareOut(rows: Int32Array, shares: readonly number[]): Uint8Array {
  const order = Array.from(rows.keys()).sort((a, b) => rows[b] - rows[a] || a - b);
  const total = rows.reduce((sum, n) => sum + n, 0);
  const lacks = Float64Array.from(shares, share => share * total);
  const out = new Uint8Array(BUCKETS);
  for (const bucket of order) {
    let most = 0;
    for (let shard = 1; shard < lacks.length; shard++) if (lacks[shard] > lacks[most]) most = shard;
    out[bucket] = most;
    lacks[most] -= rows[bucket];
  }
  return out;
}

function bucketsOf(columns: readonly Column[], length: number): Uint16Array {
  const out = new Uint16Array(length);
  const [only] = columns;
  if (columns.length === 1 && only.type === "string") {
    const { codes } = only;
    const table = textHashes(only);
    for (let i = 0; i < length; i++) out[i] = table[codes[i] + 1] >>> 20;
    return out;
  }
  const hash = new Int32Array(length);
  for (const column of columns) fold(column, hash);
  for (let i = 0; i < length; i++) out[i] = mix(hash[i]) >>> 20;
  return out;
}

/** What a null is hashed to, and what numbers the codes of texts are: by code + 1. */
const NULL = 1;

function textHashes({ dictionary }: Extract<Column, { type: "string" }>): Int32Array {
  const table = new Int32Array(dictionary.size + 1);
  table[0] = mix(NULL);
  for (let code = 0; code < dictionary.size; code++) table[code + 1] = mix(hashText(dictionary.value(code)));
  return table;
}

function fold(column: Column, hash: Int32Array): void {
  const { length } = hash;
  switch (column.type) {
    case "number":
    case "timestamp": {
      const { values, valid } = column;
      for (let i = 0; i < length; i++) {
        const own = valid !== null && valid[i] === 0 ? NULL : hashNumber(values[i]);
        hash[i] = (Math.imul(hash[i], 31) + own) | 0;
      }
      return;
    }
    case "boolean": {
      const { values, valid } = column;
      for (let i = 0; i < length; i++) {
        const own = valid !== null && valid[i] === 0 ? NULL : 2 + values[i];
        hash[i] = (Math.imul(hash[i], 31) + own) | 0;
      }
      return;
    }
    case "string": {
      const { codes } = column;
      const table = textHashes(column);
      for (let i = 0; i < length; i++) hash[i] = (Math.imul(hash[i], 31) + table[codes[i] + 1]) | 0;
      return;
    }
    case "json": {
      for (let i = 0; i < length; i++) {
        const value = column.values[i] ?? null;
        hash[i] = (Math.imul(hash[i], 31) + (value === null ? NULL : hashText(canonical(value)))) | 0;
      }
    }
  }
}
