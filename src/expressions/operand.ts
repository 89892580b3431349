/**
 * A part of an expression as kernel code: what to write for its value, and what to write to ask whether it is null.
 * Numbers and booleans keep the two apart, so that a loop over doubles stays a loop over doubles; text and json carry
 * null as a value.
 */
import type { ColumnType } from "../columns/column.ts";

export type OperandType = ColumnType | "null";

export interface Operand {
  readonly type: OperandType;
  /** A value that is cheap to repeat. For text and json, null itself when there is none; unspecified for others. */
  readonly code: string;
  /** True where it is null; undefined when it never is. */
  readonly isNull: string | undefined;
  /** For text that is read from a dictionary: its code, and the variable that holds the dictionary. */
  readonly coded?: { readonly code: string; readonly dictionary: string };
}

/** A value in JavaScript, null included. */
export function boxed(operand: Operand): string {
  if (operand.isNull === undefined || operand.type === "string" || operand.type === "json" || operand.type === "null")
    return operand.code;
  return `(${operand.isNull} ? null : ${operand.code})`;
}

export function nullness(operand: Operand): { type: OperandType; nullable: boolean } {
  return { type: operand.type, nullable: operand.isNull !== undefined };
}

/** Represents an operand as a wider type. */
export function as(type: OperandType, operand: Operand): Operand {
  if (operand.type === type) return operand;
  if (type === "json") return { type, code: boxed(operand), isNull: operand.isNull };
  if (operand.type === "null" && type !== "string")
    return { type, code: type === "boolean" ? "false" : "NaN", isNull: "true" };
  return { ...operand, type };
}

/** Which values can be equal without conversion. */
export function kindOf(operand: Operand): "number" | "boolean" | "string" | "json" {
  return operand.type === "timestamp" ? "number" : operand.type === "null" ? "json" : operand.type;
}

/** True where either is null. Codes for null are always in parentheses or names, so that `!` can stand before them. */
export function either(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || a === b) return b;
  return b === undefined ? a : `(${a} || ${b})`;
}

export function literalCode(value: number | string | boolean): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "number" && (value < 0 || Object.is(value, -0))
    ? `(${Object.is(value, -0) ? "-0" : value})`
    : String(value);
}

/** Puts arguments into a template's `$1`, `$2` and `$*`. */
export function fill(template: string, args: readonly string[]): string {
  return template.replace(/\$(\*|\d)/g, (_, which: string) =>
    which === "*" ? args.join(", ") : args[Number(which) - 1],
  );
}
