/** What a cell writes for disturbances: distributions of delays, and shares of rows. */
import { type DurationSpec, duration } from "../model/time.ts";
import type { DelayDistribution } from "./verbs/withLateness.ts";

/** How long `withLateness` holds rows back. */
export type DelayInput =
  | DurationSpec
  | { readonly uniform: readonly [DurationSpec, DurationSpec] }
  | { readonly exponential: DurationSpec }
  | { readonly pareto: readonly [scale: DurationSpec, shape: number] };

/** Reads a distribution of delays. Throws for delays that hurry rows or never end. */
export function delayDistribution(delay: DelayInput): DelayDistribution {
  const positive = (spec: DurationSpec): number => {
    const value = duration(spec, "extra delay");
    if (!(value >= 0) || value === Infinity)
      throw new Error(`An extra delay is a finite time, not ${String(spec)}: rows cannot be hurried.`);
    return value;
  };
  if (typeof delay !== "object") return { kind: "constant", delay: positive(delay) };
  if ("uniform" in delay) return { kind: "uniform", from: positive(delay.uniform[0]), to: positive(delay.uniform[1]) };
  if ("exponential" in delay) return { kind: "exponential", mean: positive(delay.exponential) };
  const [scale, shape] = delay.pareto;
  if (!(shape > 0)) throw new Error(`The shape of a Pareto distribution must be above 0, not ${shape}.`);
  return { kind: "pareto", scale: positive(scale), shape };
}

/** Checks a share from 0 to 1; `what` names it in the error. */
export function shareOf(value: number, what: string): number {
  if (!(value >= 0 && value <= 1)) throw new Error(`The ${what} must be from 0 to 1, not ${value}.`);
  return value;
}
