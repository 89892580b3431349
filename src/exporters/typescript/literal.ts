/** Writes plain data and object literals as a person would: unquoted names where they are names, one line where it fits. */
import { quote } from "../../expressions/printers/typescript.ts";

/** Longest line of a script. */
export const WIDTH = 110;

/** Writes plain data so that it reads back as the same value, NaN, infinities and −0 included. */
export function literal(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value !== null && typeof value === "object")
    return object(Object.entries(value).map(([name, v]) => `${propertyName(name)}: ${literal(v)}`));
  return String(value);
}

/** Writes a property's name, in quotes only where it needs them. */
export function propertyName(name: string): string {
  // Written bare, `__proto__: x` would set the prototype.
  if (name === "__proto__") return `["__proto__"]`;
  return isName(name) ? name : quote(name);
}

/** Whether text can stand as a name. */
export function isName(text: string): boolean {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(text);
}

/** Writes an object of entries on one line. */
export function object(entries: readonly string[]): string {
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** Writes a call on one line, or with the object that is its last argument over several when it does not fit. */
export function callWithObject(
  name: string,
  first: readonly string[],
  entries: readonly string[],
  indent: string,
): string {
  const oneLine = `${name}(${[...first, ...(entries.length > 0 ? [object(entries)] : [])].join(", ")})`;
  if (entries.length === 0 || (!oneLine.includes("\n") && indent.length + oneLine.length <= WIDTH)) return oneLine;
  const lines = entries.map(entry => `${indent}  ${entry},`);
  return `${name}(${[...first, "{"].join(", ")}\n${lines.join("\n")}\n${indent}})`;
}
