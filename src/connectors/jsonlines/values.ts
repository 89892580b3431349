/** What a parsed JSON value is to a column, and how it is written into one: the careful reader's side of a line. */
import type { ByteDictionary } from "../../columns/byte-dictionary.ts";
import type { Value } from "../../columns/column.ts";
import { BOOLEAN, type GrowingColumn, JSON_VALUE, type Kind, NUMBER, STRING, TIMESTAMP } from "../growing-column.ts";

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case "number":
      return NUMBER;
    case "string":
      return STRING;
    case "boolean":
      return BOOLEAN;
    default:
      return JSON_VALUE;
  }
}

/** Names a value of a kind, for messages. */
export function valueName(kind: Kind): string {
  return kind === NUMBER ? "a number" : kind === STRING ? "text" : kind === BOOLEAN ? "a boolean" : "a nested value";
}

/** Writes a value that is known to fit. */
export function write(column: GrowingColumn, value: Value, row: number): void {
  if (value === null) {
    column.writeNull(row);
    return;
  }
  switch (column.kind) {
    case NUMBER:
      column.floats[row] = value as number;
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) column.inexact++;
      break;
    case TIMESTAMP:
      column.floats[row] = typeof value === "number" ? column.times.epoch(value) : column.times.string(value as string);
      break;
    case BOOLEAN:
      column.codes[row] = value === true ? 1 : 0;
      break;
    case STRING:
      column.codes[row] = (column.dictionary as ByteDictionary).code(String(value));
      break;
    case JSON_VALUE:
      column.values[row] = value;
      break;
  }
}

/** Says what is wrong with a line that is not JSON, in the same words in every host. */
export function syntaxReason(text: string, error: unknown): string {
  if (!text.trimStart().startsWith("{")) return "The line is not JSON.";
  const message = error instanceof Error ? error.message : "";
  const position = /position (\d+)/.exec(message);
  const cutOff = position === null ? !text.endsWith("}") : Number(position[1]) >= text.length;
  if (cutOff || /Unterminated|end of JSON/i.test(message)) return "The JSON object is cut off.";
  return position === null
    ? "The JSON object has a mistake."
    : `The JSON object has a mistake at character ${Number(position[1]) + 1}.`;
}
