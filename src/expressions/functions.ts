/**
 * The registry of scalar functions. To add one, write its record in `functions/` and nothing else: the parser, the type
 * rules, the interpreter, the kernels, the printers and completion all read the record.
 */
import { NESTED_FUNCTIONS } from "./functions/nested.ts";
import { NUMBER_FUNCTIONS } from "./functions/numbers.ts";
import type { ScalarFunction } from "./functions/record.ts";
import { TEXT_FUNCTIONS } from "./functions/texts.ts";
import { TIME_FUNCTIONS } from "./functions/times.ts";

export type { NullRule, ParameterType, Printed, ResultType, ScalarFunction, Template } from "./functions/record.ts";
export { mayGiveNull, parameterAt } from "./functions/record.ts";

/** Every scalar function by name. */
export const FUNCTIONS: ReadonlyMap<string, ScalarFunction> = new Map(
  [...NUMBER_FUNCTIONS, ...TEXT_FUNCTIONS, ...TIME_FUNCTIONS, ...NESTED_FUNCTIONS].map(fn => [fn.name, fn]),
);

/** Finds a scalar function. Throws on a name that no parser would have let through. */
export function functionNamed(name: string): ScalarFunction {
  const fn = FUNCTIONS.get(name);
  if (fn === undefined)
    throw new Error(`There is no function "${name}". There are: ${[...FUNCTIONS.keys()].join(", ")}.`);
  return fn;
}

/** Checks how many arguments a call has. Throws with the function's own count when that is wrong. */
export function checkArity(fn: ScalarFunction, count: number): void {
  if (count < fn.required || (!fn.variadic && count > fn.parameters.length)) {
    const wanted = fn.variadic
      ? `at least ${fn.required}`
      : fn.required === fn.parameters.length
        ? `${fn.required}`
        : `${fn.required} to ${fn.parameters.length}`;
    throw new Error(`${fn.name} takes ${wanted} argument${wanted === "1" ? "" : "s"}, not ${count}.`);
  }
}
