/**
 * ADWIN: a window over a sequence of numbers that forgets its older part as soon as the means of two parts differ by
 * more than chance allows (Bifet & Gavaldà, *Learning from Time-Changing Data with Adaptive Windowing*, SDM 2007).
 *
 * The cut is looked for every 32 values at 16 places, on values scaled by the greatest one seen, as the bound asks for
 * values between 0 and 1.
 */
const CAPACITY = 4_096;
const CHECK_EVERY = 32;
const CUTS = 16;
const SMALLEST_PART = 32;

export class AdaptiveWindow {
  readonly #sensitivity: number;
  #values: Float64Array = new Float64Array(CAPACITY);
  #length = 0;
  #greatest = 0;
  #added = 0;

  /** `sensitivity` is ADWIN's delta: the chance, at each check, to forget although nothing changed. */
  constructor(sensitivity: number) {
    this.#sensitivity = sensitivity;
  }

  /** Adds a value and says whether older ones were forgotten because of it. */
  add(value: number): boolean {
    if (this.#length === CAPACITY) this.#forget(CAPACITY >> 1);
    this.#values[this.#length++] = value;
    if (value > this.#greatest) this.#greatest = value;
    this.#added++;
    return this.#added % CHECK_EVERY === 0 && this.#check();
  }

  /** The values kept, oldest first. A live view. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  #check(): boolean {
    const n = this.#length;
    if (n < 2 * SMALLEST_PART || this.#greatest === 0) return false;
    let total = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const x = this.#values[i] / this.#greatest;
      total += x;
      squares += x * x;
    }
    const variance = Math.max(0, squares / n - (total / n) ** 2);
    const confidence = Math.log((2 * Math.log(n)) / this.#sensitivity);
    let older = 0;
    let at = 0;
    for (let cut = 1; cut < CUTS; cut++) {
      const end = Math.floor((n * cut) / CUTS);
      for (; at < end; at++) older += this.#values[at] / this.#greatest;
      if (end < SMALLEST_PART || n - end < SMALLEST_PART) continue;
      const harmonic = 1 / (1 / end + 1 / (n - end));
      const bound = Math.sqrt((2 / harmonic) * variance * confidence) + (2 / (3 * harmonic)) * confidence;
      if (Math.abs(older / end - (total - older) / (n - end)) > bound) {
        this.#forget(end);
        return true;
      }
    }
    return false;
  }

  #forget(count: number): void {
    this.#values.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  snapshot(): unknown {
    return { values: this.values().slice(), greatest: this.#greatest, added: this.#added };
  }

  restore(snapshot: unknown): void {
    const from = snapshot as { values: Float64Array; greatest: number; added: number };
    this.#values.set(from.values);
    this.#length = from.values.length;
    this.#greatest = from.greatest;
    this.#added = from.added;
  }
}
