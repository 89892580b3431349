/**
 * Functions of text. Positions count UTF-16 code units, as JavaScript's do. Names are Arquero's; string methods
 * (`d.s.toLowerCase()`) are normalised to them. A regular expression is two arguments, pattern and flags.
 */
import type { Value } from "../../columns/column.ts";
import { looselyEqual, toText } from "../values.ts";
import { type ScalarFunction, scalar } from "./record.ts";

const compiled = new Map<string, RegExp>();

/** Returns the regular expression for a pattern and flags, made once each. Throws when the pattern is malformed. */
function regexp(pattern: string, flags: string): RegExp {
  const key = `/${pattern}/${flags}`;
  let made = compiled.get(key);
  if (made === undefined) {
    if (compiled.size > 1_000) compiled.clear();
    try {
      made = new RegExp(pattern, flags);
    } catch (error) {
      throw new Error(`The regular expression ${key} is malformed: ${(error as Error).message}`);
    }
    compiled.set(key, made);
  }
  made.lastIndex = 0;
  return made;
}

function match(text: string, pattern: string, flags: string, index?: Value): Value {
  const found = text.match(regexp(pattern, flags));
  if (found === null) return null;
  if (index === undefined) return Array.from(found, part => part ?? null);
  if (typeof index === "number") return found[index] ?? null;
  return found.groups !== undefined && Object.hasOwn(found.groups, String(index))
    ? (found.groups[String(index)] ?? null)
    : null;
}

/** The longest text a function may make, so that one bad count cannot take all memory. */
const LONGEST = 1 << 24;

function padded(length: number): boolean {
  return !(length > LONGEST);
}

function includes(sequence: Value, value: Value): boolean {
  if (Array.isArray(sequence)) return sequence.some(v => v === value || (Number.isNaN(v) && Number.isNaN(value)));
  return typeof sequence === "string" && sequence.includes(toText(value) as string);
}

function indexOf(sequence: Value, value: Value): number {
  if (Array.isArray(sequence)) return sequence.findIndex(v => looselyEqual(v, value));
  return typeof sequence === "string" ? sequence.indexOf(toText(value) as string) : -1;
}

function lastIndexOf(sequence: Value, value: Value): number {
  if (Array.isArray(sequence)) return sequence.findLastIndex(v => looselyEqual(v, value));
  return typeof sequence === "string" ? sequence.lastIndexOf(toText(value) as string) : -1;
}

/** Plain text is replaced as it stands: `$&` and its like mean nothing special, so every target can say the same. */
function replaceFirst(text: string, search: string, replacement: string): string {
  return text.replace(search, () => replacement);
}

export const TEXT_FUNCTIONS: readonly ScalarFunction[] = [
  scalar("lower", "in lower case", ["string"], "string", (s: string) => s.toLowerCase(), {
    code: "$1.toLowerCase()",
    sql: "LOWER($1)",
    python: "$1.lower()",
    java: "$1.toLowerCase(Locale.ROOT)",
  }),
  scalar("upper", "in upper case", ["string"], "string", (s: string) => s.toUpperCase(), {
    code: "$1.toUpperCase()",
    sql: "UPPER($1)",
    python: "$1.upper()",
    java: "$1.toUpperCase(Locale.ROOT)",
  }),
  scalar("trim", "without white space at both ends", ["string"], "string", (s: string) => s.trim(), {
    code: "$1.trim()",
    sql: "TRIM($1)",
    python: "$1.strip()",
    java: "$1.strip()",
  }),
  scalar("trim_start", "without white space at the start", ["string"], "string", (s: string) => s.trimStart(), {
    sql: "LTRIM($1)",
    python: "$1.lstrip()",
    java: "$1.stripLeading()",
  }),
  scalar("trim_end", "without white space at the end", ["string"], "string", (s: string) => s.trimEnd(), {
    sql: "RTRIM($1)",
    python: "$1.rstrip()",
    java: "$1.stripTrailing()",
  }),
  scalar("substring", "the part from start to end", ["string", "number", "number"], "string", substring, {
    required: 2,
    sql: count => (count === 2 ? "SUBSTRING($1, $2 + 1)" : "SUBSTRING($1, $2 + 1, $3 - $2)"),
    python: count => (count === 2 ? "$1[$2:]" : "$1[$2:$3]"),
    java: count => (count === 2 ? "$1.substring($2)" : "$1.substring($2, $3)"),
  }),
  scalar("startswith", "whether it starts with a text", ["string", "string"], "boolean", startsWith, {
    nulls: "false",
    code: "$1.startsWith($2)",
    sql: "STARTS_WITH($1, $2)",
    python: "$1.startswith($2)",
    java: "$1.startsWith($2)",
  }),
  scalar("endswith", "whether it ends with a text", ["string", "string"], "boolean", endsWith, {
    nulls: "false",
    code: "$1.endsWith($2)",
    sql: "ENDS_WITH($1, $2)",
    python: "$1.endswith($2)",
    java: "$1.endsWith($2)",
  }),
  scalar("includes", "whether a text or an array holds a value", ["any", "any"], "boolean", includes, {
    nulls: "false",
    sql: "CONTAINS($1, $2)",
    python: "$2 in $1",
    java: "$1.contains($2)",
  }),
  scalar("indexof", "where a value first occurs, or −1", ["any", "any"], "number", indexOf, {
    sql: "POSITION($2 IN $1) - 1",
    python: "$1.find($2)",
    java: "$1.indexOf($2)",
  }),
  scalar("lastindexof", "where a value last occurs, or −1", ["any", "any"], "number", lastIndexOf, {
    python: "$1.rfind($2)",
    java: "$1.lastIndexOf($2)",
  }),
  scalar("matches", "whether a regular expression matches", ["string", "string", "string"], "boolean", matches, {
    nulls: "false",
  }),
  scalar("match", "what a regular expression matches", ["string", "string", "string", "any"], "json", match, {
    required: 3,
    nullable: true,
  }),
  scalar("replace", "with the first occurrence replaced", ["string", "string", "string"], "string", replaceFirst, {
    python: "$1.replace($2, $3, 1)",
    java: "$1.replaceFirst(Pattern.quote($2), Matcher.quoteReplacement($3))",
  }),
  scalar("replace_all", "with every occurrence replaced", ["string", "string", "string"], "string", replaceAll, {
    sql: "REPLACE($1, $2, $3)",
    python: "$1.replace($2, $3)",
    java: "$1.replace($2, $3)",
  }),
  scalar(
    "replace_matches",
    "with the matches of a regular expression replaced",
    ["string", "string", "string", "string"],
    "string",
    (s: string, pattern: string, flags: string, replacement: string) => s.replace(regexp(pattern, flags), replacement),
  ),
  scalar(
    "split",
    "the parts between separators",
    ["string", "string"],
    "json",
    (s: string, by: string) => s.split(by),
    {
      python: "$1.split($2)",
      java: "$1.split(Pattern.quote($2), -1)",
    },
  ),
  scalar(
    "split_matches",
    "the parts between matches of a regular expression",
    ["string", "string", "string"],
    "json",
    (s: string, pattern: string, flags: string) => s.split(regexp(pattern, flags)).map(part => part ?? null),
  ),
  scalar("concat", "joined as text; null if any part is", ["string"], "string", (...s: string[]) => s.join(""), {
    variadic: true,
    sql: infix(" || "),
    python: infix(" + "),
    java: infix(" + "),
  }),
  scalar("repeat", "repeated n times", ["string", "number"], "string", repeat, {
    nullable: true,
    sql: "REPEAT($1, $2)",
    python: "$1 * $2",
    java: "$1.repeat($2)",
  }),
  scalar("padstart", "filled at the start up to a length", ["string", "number", "string"], "string", padStart, {
    required: 2,
    nullable: true,
    sql: count => (count === 3 ? "LPAD($1, $2, $3)" : "LPAD($1, $2, ' ')"),
    python: count => (count === 3 ? "$1.rjust($2, $3)" : "$1.rjust($2)"),
  }),
  scalar("padend", "filled at the end up to a length", ["string", "number", "string"], "string", padEnd, {
    required: 2,
    nullable: true,
    sql: count => (count === 3 ? "RPAD($1, $2, $3)" : "RPAD($1, $2, ' ')"),
    python: count => (count === 3 ? "$1.ljust($2, $3)" : "$1.ljust($2)"),
  }),
  scalar("normalize", "in a Unicode normal form (default NFC)", ["string", "string"], "string", normalize, {
    required: 1,
    nullable: true,
  }),
  scalar("string", "as text", ["string"], "string", (s: string) => s, {
    sql: "CAST($1 AS VARCHAR)",
    python: "str($1)",
    java: "String.valueOf($1)",
  }),
  scalar("number", "as a number", ["number"], "number", (x: number) => x, {
    sql: "CAST($1 AS DOUBLE)",
    python: "float($1)",
    java: "Double.parseDouble($1)",
  }),
  scalar("boolean", "whether it counts as true", ["any"], "boolean", (x: unknown) => !!x, {
    nulls: "seen",
    sql: "CAST($1 AS BOOLEAN)",
    python: "bool($1)",
  }),
  scalar("parse_int", "the whole number a text starts with", ["string", "number"], "number", Number.parseInt, {
    required: 1,
    sql: count => (count === 1 ? "CAST($1 AS BIGINT)" : undefined),
    python: count => (count === 1 ? "int($1)" : "int($1, $2)"),
    java: count => (count === 1 ? "Long.parseLong($1)" : "Long.parseLong($1, (int) $2)"),
  }),
  scalar("parse_float", "the number a text starts with", ["string"], "number", Number.parseFloat, {
    sql: "CAST($1 AS DOUBLE)",
    python: "float($1)",
    java: "Double.parseDouble($1)",
  }),
];

/** Writes the arguments with an operator between them; the printers set parentheses around arguments that need them. */
function infix(operator: string): (count: number) => string {
  return count => Array.from({ length: count }, (_, i) => `$${i + 1}`).join(operator);
}

function substring(s: string, start: number, end?: number): string {
  return s.substring(start, end);
}

function startsWith(s: string, search: string): boolean {
  return s.startsWith(search);
}

function endsWith(s: string, search: string): boolean {
  return s.endsWith(search);
}

function matches(s: string, pattern: string, flags: string): boolean {
  return regexp(pattern, flags).test(s);
}

function replaceAll(s: string, search: string, replacement: string): string {
  return s.replaceAll(search, () => replacement);
}

function repeat(s: string, count: number): string | null {
  return count >= 0 && s.length * count <= LONGEST ? s.repeat(count) : null;
}

function padStart(s: string, length: number, fill = " "): string | null {
  return padded(length) ? s.padStart(length, fill) : null;
}

function padEnd(s: string, length: number, fill = " "): string | null {
  return padded(length) ? s.padEnd(length, fill) : null;
}

function normalize(s: string, form = "NFC"): string | null {
  return ["NFC", "NFD", "NFKC", "NFKD"].includes(form) ? s.normalize(form) : null;
}
