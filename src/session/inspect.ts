/** Turns any value of a cell into a small tree that can be shown and sent: what a browser's console would show. */
import { Stream } from "../pipeline/stream.ts";
import { verbOf } from "../pipeline/node.ts";
import type { Inspected } from "../protocol/session.ts";

const DEPTH = 4;
const ENTRIES = 60;
const TEXT = 2_000;

/** Describes a value, at most four levels deep and sixty entries wide; what is left out is counted. */
export function inspect(value: unknown, depth = 0): Inspected {
  if (typeof value === "string")
    return { kind: "string", text: value.length > TEXT ? `${value.slice(0, TEXT)}…` : value };
  if (typeof value === "function") return { kind: "function", text: String(value).slice(0, 200) };
  if (value === null || typeof value !== "object")
    return { kind: "primitive", text: typeof value === "bigint" ? `${value}n` : String(value) };
  if (value instanceof Stream) return { kind: "stream", text: verbOf(value.node).describe(value.node) };
  if (value instanceof Error) return { kind: "error", text: `${value.name}: ${value.message}` };
  if (value instanceof Date)
    return { kind: "date", text: Number.isNaN(value.getTime()) ? "no date" : value.toISOString() };
  if (depth >= DEPTH)
    return { kind: "truncated", text: Array.isArray(value) ? `Array(${value.length})` : nameOf(value) };
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = Array.from(value as ArrayLike<unknown>).slice(0, ENTRIES);
    const length = (value as ArrayLike<unknown>).length;
    return {
      kind: "array",
      text: `${nameOf(value)}(${length})`,
      entries: entries(
        list.map((v, i) => [String(i), v]),
        length,
        depth,
      ),
    };
  }
  if (value instanceof Map)
    return {
      kind: "object",
      text: `Map(${value.size})`,
      entries: entries(
        [...value].slice(0, ENTRIES).map(([k, v]) => [String(k), v]),
        value.size,
        depth,
      ),
    };
  if (value instanceof Set)
    return {
      kind: "array",
      text: `Set(${value.size})`,
      entries: entries(
        [...value].slice(0, ENTRIES).map((v, i) => [String(i), v]),
        value.size,
        depth,
      ),
    };
  const own = Object.entries(value);
  return { kind: "object", text: nameOf(value), entries: entries(own.slice(0, ENTRIES), own.length, depth) };
}

function nameOf(value: object): string {
  return (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name ?? "Object";
}

function entries(
  shown: readonly (readonly [string, unknown])[],
  total: number,
  depth: number,
): { key: string; value: Inspected }[] {
  const out = shown.map(([key, value]) => ({ key, value: inspect(value, depth + 1) }));
  if (total > shown.length) out.push({ key: "…", value: { kind: "truncated", text: `${total - shown.length} more` } });
  return out;
}
