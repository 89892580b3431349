/** What a scalar function's record holds. One record each; the registry in `../functions.ts` lists them. */
import type { ColumnType, Value } from "../../columns/column.ts";

/** What an argument is read as before the function sees it; `any` leaves it as it is, `time` also reads ISO 8601 text. */
export type ParameterType = "number" | "string" | "boolean" | "time" | "any";

/**
 * The result's type: a column type; a timestamp when the first argument is one and a number otherwise (`same`); the
 * common type of all arguments (`common`); or the given type when the first argument is text (never null then, unless it
 * says so) and json otherwise.
 */
export type ResultType = ColumnType | "same" | "common" | { readonly ofText: ColumnType; readonly nullable?: true };

/**
 * What a null argument gives: null, false, or whatever the function makes of it (`seen`).
 * Only functions that say `seen` are ever called with null.
 */
export type NullRule = "null" | "false" | "seen";

/** How a target writes the call: `$1`, `$2` are the arguments, `$*` all of them with commas. */
export type Template = string | ((count: number) => string | undefined);

export interface Printed {
  readonly sql?: Template;
  readonly python?: Template;
  readonly java?: Template;
}

export interface ScalarFunction extends Printed {
  readonly name: string;
  /** Says in a phrase what it gives, for completion and docs. */
  readonly about: string;
  readonly parameters: readonly ParameterType[];
  /** How many of the parameters must be given (default all). */
  readonly required: number;
  /** Whether the last parameter may be given any number of times. */
  readonly variadic: boolean;
  readonly result: ResultType;
  readonly nulls: NullRule;
  /** Whether the result may be null although no argument was. */
  readonly nullable: boolean;
  readonly apply: (...args: Value[]) => Value;
  /** JavaScript for the compiled kernel where that is more direct than calling `apply`. */
  readonly code?: string;
}

interface Options extends Printed {
  readonly required?: number;
  readonly variadic?: boolean;
  readonly nulls?: NullRule;
  readonly nullable?: boolean;
  readonly code?: string;
}

/**
 * Makes a record. `apply` may take the narrower types its parameters promise, because every caller converts arguments
 * by `parameters` and handles null by `nulls` first; that is why the one cast is sound.
 */
export function scalar(
  name: string,
  about: string,
  parameters: readonly ParameterType[],
  result: ResultType,
  apply: (...args: never[]) => Value,
  options: Options = {},
): ScalarFunction {
  return {
    required: parameters.length,
    variadic: false,
    nulls: "null",
    nullable: false,
    ...options,
    name,
    about,
    parameters,
    result,
    apply: apply as unknown as (...args: Value[]) => Value,
  };
}

/** The type of the `index`-th argument, with the last parameter repeated for variadic functions. */
export function parameterAt(fn: ScalarFunction, index: number): ParameterType {
  return fn.parameters[Math.min(index, fn.parameters.length - 1)];
}

/** Whether a call may give null although no argument is null, given whether its first argument is text. */
export function mayGiveNull(fn: ScalarFunction, ofText: boolean): boolean {
  return typeof fn.result === "object" && ofText ? fn.result.nullable === true : fn.nullable;
}
