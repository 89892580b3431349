/**
 * Rows that came too late to count, with what it would have taken to keep them: the `late` port of joins and rankings.
 * They are gathered as slots of row stores, like everything else an operator emits.
 */
import type { Column, Schema } from "../columns/column.ts";
import { Dictionary } from "../columns/dictionary.ts";
import { Floats } from "../columns/growing.ts";
import { Emission } from "./emission.ts";
import type { Flow } from "./flow.ts";
import type { Step } from "./step.ts";

const REASONS = new Dictionary(["expired"]);
const SIDES = new Dictionary(["left", "right"]);

export class Dropped {
  readonly #emission = new Emission();
  readonly #lateness: number;
  readonly #watermarks = new Floats();

  constructor(lateness: number) {
    this.#lateness = lateness;
  }

  /** Appends a row by its slot on the left or right (the other −1), with the bounds it missed and the watermark it met. */
  add(
    position: number,
    clock: number,
    time: number,
    weight: number,
    left: number,
    right: number,
    start: number,
    end: number,
    watermark: number,
  ): void {
    if (weight === 0) return;
    this.#emission.emit(position, clock, time, weight, left, right, start, end);
    this.#watermarks.push(watermark);
  }

  /** Hands the rows out. `own` makes the columns that come from the rows themselves, in the schema's order before ours. */
  take(
    step: Step,
    schema: Schema,
    watermark: Float64Array,
    own: (left: Int32Array, right: Int32Array, count: number) => readonly Column[],
  ): Flow {
    const met = this.#watermarks.take();
    return this.#emission.take(step, schema, watermark, (e, count) => {
      const made = own(e.left, e.right, count);
      const floats = (type: "number" | "timestamp", value: (i: number) => number): Column => {
        const values = new Float64Array(count);
        for (let i = 0; i < count; i++) values[i] = value(i);
        return { type, values, valid: null };
      };
      const behind = (i: number): number => met[i] - e.end[i];
      const said: Readonly<Record<string, () => Column>> = {
        window_start: () => floats("timestamp", i => e.start[i]),
        window_end: () => floats("timestamp", i => e.end[i]),
        arrived_at: () => floats("timestamp", i => (Number.isNaN(e.clock[i]) ? step.clock[e.at[i]] : e.clock[i])),
        watermark: () => floats("timestamp", i => met[i]),
        reason: () => ({ type: "string", codes: new Int32Array(count), dictionary: REASONS }),
        margin: () => floats("number", i => behind(i) - this.#lateness),
        keeps_with_lateness: () => floats("number", i => behind(i) + 1),
        keeps_with_delay: () => floats("number", i => behind(i) - this.#lateness + 1),
        side: () => ({
          type: "string",
          codes: e.left.slice(0, count).map(slot => (slot < 0 ? 1 : 0)),
          dictionary: SIDES,
        }),
      };
      return schema.map((field, i) => (i < made.length ? made[i] : said[field.name]()));
    });
  }

  /** Forgets what was not handed out. */
  clear(): void {
    this.#emission.clear();
    this.#watermarks.count = 0;
  }
}
