/**
 * Inputs for cells: `const threshold = view(slider([0, 500], {value: 100}))`. An input is a description of a control and
 * its present value; the shell draws the control natively, and the kernel hands its value to dependent cells.
 */
import { type DurationSpec, duration } from "../model/time.ts";
import type { InputControl } from "../protocol/session.ts";

/** An input as the kernel's `view` takes it: `value` is read and written, `control` says what it looks like. */
export class Input<T> {
  value: T;
  readonly #describe: (value: T) => InputControl;
  constructor(value: T, describe: (value: T) => InputControl) {
    this.value = value;
    this.#describe = describe;
  }
  get control(): InputControl {
    return this.#describe(this.value);
  }
}

export interface RangeOptions {
  label?: string;
  value?: number;
  step?: number;
  unit?: string;
}

/** Lets the reader choose a number between two, by a slider. Default value: the middle; default step: a hundredth. */
export function slider([min, max]: readonly [number, number], options: RangeOptions = {}): Input<number> {
  if (!(min < max)) throw new Error(`slider needs its bounds in order, such as [0, 100], not [${min}, ${max}].`);
  const step = options.step ?? (max - min) / 100;
  return new Input(options.value ?? (min + max) / 2, value => ({
    kind: "range",
    label: options.label ?? "",
    min,
    max,
    step,
    value,
    unit: options.unit ?? null,
  }));
}

/** Lets the reader choose a length of time, by a slider; the value is milliseconds. */
export function durationSlider(
  [min, max]: readonly [DurationSpec, DurationSpec],
  options: { label?: string; value?: DurationSpec; step?: DurationSpec } = {},
): Input<number> {
  const least = duration(min, "shortest duration");
  const most = duration(max, "longest duration");
  if (!(least < most))
    throw new Error(`durationSlider needs its bounds in order, such as ["0 s", "10 min"], not ["${min}", "${max}"].`);
  const step = duration(options.step ?? (most - least) / 100, "step");
  return new Input(duration(options.value ?? least, "value"), value => ({
    kind: "duration",
    label: options.label ?? "",
    min: least,
    max: most,
    step,
    value,
  }));
}

/** Lets the reader choose one of several values; an object gives each value a label. */
export function select<T>(
  choices: readonly T[] | Readonly<Record<string, T>>,
  options: { label?: string; value?: T } = {},
): Input<T> {
  const entries = Array.isArray(choices)
    ? (choices as readonly T[]).map(value => ({ label: String(value), value }))
    : Object.entries(choices as Record<string, T>).map(([label, value]) => ({ label, value }));
  if (entries.length === 0) throw new Error("select needs at least one choice.");
  return new Input(options.value ?? entries[0].value, value => ({
    kind: "select",
    label: options.label ?? "",
    options: entries,
    value,
  }));
}

/** Lets the reader say yes or no. */
export function toggle(options: { label?: string; value?: boolean } = {}): Input<boolean> {
  return new Input(options.value ?? false, value => ({ kind: "checkbox", label: options.label ?? "", value }));
}

/** Lets the reader write a line of text. */
export function text(options: { label?: string; value?: string; placeholder?: string } = {}): Input<string> {
  return new Input(options.value ?? "", value => ({
    kind: "text",
    label: options.label ?? "",
    placeholder: options.placeholder ?? "",
    value,
  }));
}

/** Lets the reader write a number. */
export function number(
  options: { label?: string; value?: number; min?: number; max?: number; step?: number } = {},
): Input<number> {
  return new Input(options.value ?? 0, value => ({
    kind: "number",
    label: options.label ?? "",
    min: options.min ?? null,
    max: options.max ?? null,
    step: options.step ?? null,
    value,
  }));
}

/** Observable's names for the same inputs, so that its users find them. */
export const Inputs = {
  range: (bounds: readonly [number, number], options?: RangeOptions) => slider(bounds, options),
  select,
  radio: select,
  toggle,
  text,
  number,
};
