/**
 * Ties a row function to the values of the cells it names. A function's source says `threshold`, but not what
 * `threshold` is; the notebook wraps every arrow function of a cell in `captured`, so that the parser can ask.
 */

/** What a function captures: values by name, or a function that gives them when they are first needed. */
export type Captured = Readonly<Record<string, unknown>> | (() => Readonly<Record<string, unknown>>);

/** Registered, so that a function wrapped by one copy of this module is understood by another (frame and Worker). */
const CAPTURED = Symbol.for("tidemark.captured");

type Carrier = { [CAPTURED]?: Captured };

/** Returns `fn` itself, carrying its captured values out of sight. */
export function captured<F extends (...args: never[]) => unknown>(parameters: Captured, fn: F): F {
  Object.defineProperty(fn, CAPTURED, { value: parameters, configurable: true });
  return fn;
}

/** Returns the values a function carries; none when it was never wrapped. */
export function capturedBy(fn: object): Readonly<Record<string, unknown>> {
  const carried = (fn as Carrier)[CAPTURED];
  if (carried === undefined) return {};
  return typeof carried === "function" ? carried() : carried;
}
