/** Checks rows that a user's function made against the columns it was said to make. */
import type { Field, Value } from "../../columns/column.ts";
import { asValue } from "../../expressions/values.ts";

/** Returns the values of a made row in the order of the fields. Throws when the row, or one of its values, does not fit. */
export function madeValues(row: unknown, fields: readonly Field[], what: string): Value[] {
  if (row === null || typeof row !== "object" || Array.isArray(row))
    throw new Error(
      `${what} made ${shown(row)}, which is no row. A row is an object such as {${fields.map(f => f.name).join(", ")}}.`,
    );
  for (const name of Object.keys(row))
    if (!fields.some(f => f.name === name))
      throw new Error(
        `${what} made a column "${name}" that was not stated. There are: ${fields.map(f => f.name).join(", ")}. Add it to {columns: {…}}.`,
      );
  return fields.map(field => fitting(asValue((row as Record<string, unknown>)[field.name]), field, what));
}

const TYPES: Readonly<Record<string, string>> = {
  number: "number",
  timestamp: "number",
  boolean: "boolean",
  string: "string",
};

function fitting(value: Value, field: Field, what: string): Value {
  if (value === null || field.type === "json" || typeof value === TYPES[field.type]) return value;
  throw new Error(
    `${what} made ${shown(value)} for the column "${field.name}", which was stated as a ${field.type}. Convert it, or state another type.`,
  );
}

function shown(value: unknown): string {
  const text = typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
