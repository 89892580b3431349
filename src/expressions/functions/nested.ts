/** Functions that reach into json values, make them, or choose between values. */
import type { Value } from "../../columns/column.ts";
import { member, toText } from "../values.ts";
import { type ScalarFunction, scalar } from "./record.ts";

function length(value: Value): Value {
  return typeof value === "string" || Array.isArray(value) ? value.length : member(value, "length");
}

function slice(sequence: Value, start?: number, end?: number): Value {
  return typeof sequence === "string" || Array.isArray(sequence) ? sequence.slice(start, end) : null;
}

function at(sequence: Value, index: number): Value {
  return typeof sequence === "string" || Array.isArray(sequence)
    ? ((sequence.at(index) as Value | undefined) ?? null)
    : null;
}

function reverse(sequence: Value): Value {
  if (Array.isArray(sequence)) return sequence.toReversed();
  return typeof sequence === "string" ? Array.from(sequence).reverse().join("") : null;
}

function join(sequence: Value, by = ","): string | null {
  return Array.isArray(sequence) ? sequence.map(v => toText(v) ?? "").join(by) : null;
}

function parseJson(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return null;
  }
}

/** Compares deeply, as Arquero's `op.equal`: null and NaN equal nothing. */
function equal(a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => equal(v, b[i]));
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every(k => Object.hasOwn(b, k) && equal(member(a, k), member(b, k)))
  );
}

function objectOf(...entries: Value[]): Value {
  const out: [string, Value][] = [];
  for (let i = 0; i + 1 < entries.length; i += 2) out.push([toText(entries[i]) ?? "null", entries[i + 1]]);
  return Object.fromEntries(out);
}

function recode(value: Value, map: Value, fallback?: Value): Value {
  const key = toText(value) ?? "null";
  if (typeof map === "object" && map !== null && Object.hasOwn(map, key)) return member(map, key);
  return fallback === undefined ? value : fallback;
}

export const NESTED_FUNCTIONS: readonly ScalarFunction[] = [
  scalar("length", "how long a text or an array is", ["any"], { ofText: "number" }, length, {
    nullable: true,
    sql: "CHAR_LENGTH($1)",
    python: "len($1)",
    java: "$1.length()",
  }),
  scalar(
    "slice",
    "the part from start to end; negative counts from the end",
    ["any", "number", "number"],
    { ofText: "string" },
    slice,
    {
      required: 1,
      nullable: true,
      python: count => (count === 1 ? "$1[:]" : count === 2 ? "$1[$2:]" : "$1[$2:$3]"),
    },
  ),
  scalar("at", "the element or character at a position", ["any", "number"], { ofText: "string", nullable: true }, at, {
    nullable: true,
  }),
  scalar("reverse", "in reverse order", ["any"], { ofText: "string" }, reverse, { nullable: true }),
  scalar("join", "an array's elements as one text", ["any", "string"], "string", join, { required: 1, nullable: true }),
  scalar("has", "whether an object has a field", ["any", "string"], "boolean", has, {
    nulls: "false",
    python: "$2 in $1",
    java: "$1.containsKey($2)",
  }),
  scalar("keys", "the names of an object's fields", ["any"], "json", keys, { nullable: true }),
  scalar("values", "the values of an object's fields", ["any"], "json", values, { nullable: true }),
  scalar("parse_json", "the value of JSON text; null when malformed", ["string"], "json", parseJson, {
    nullable: true,
    python: "json.loads($1)",
  }),
  scalar("to_json", "JSON text", ["any"], "string", (v: Value) => JSON.stringify(v), { python: "json.dumps($1)" }),
  scalar("array_of", "an array of its arguments", ["any"], "json", (...v: Value[]) => v, {
    required: 0,
    variadic: true,
    nulls: "seen",
    sql: "ARRAY[$*]",
    python: "[$*]",
    java: "Arrays.asList($*)",
  }),
  scalar("object_of", "an object of names and values in turn", ["any"], "json", objectOf, {
    required: 0,
    variadic: true,
    nulls: "seen",
  }),
  scalar("equal", "whether two values are deeply equal", ["any", "any"], "boolean", equal, { nulls: "false" }),
  scalar("recode", "the value a map gives, or the fallback, or itself", ["any", "any", "any"], "json", recode, {
    required: 2,
    nulls: "seen",
    nullable: true,
  }),
  scalar("coalesce", "the first argument that is not null", ["any"], "common", coalesce, {
    variadic: true,
    nulls: "seen",
    sql: "COALESCE($*)",
  }),
];

function has(object: Value, key: string): boolean {
  return typeof object === "object" && object !== null && Object.hasOwn(object, key);
}

function keys(object: Value): Value {
  return typeof object === "object" && object !== null ? Object.keys(object) : null;
}

function values(object: Value): Value {
  return typeof object === "object" && object !== null ? (Object.values(object) as Value[]) : null;
}

function coalesce(...args: Value[]): Value {
  return args.find(v => v !== null) ?? null;
}
