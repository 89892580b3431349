/**
 * Gives every distinct string of a stream a small integer, for ever: codes are handed out in order of first sight and
 * never reused, so a code seen in one batch means the same string in the next, and dense arrays can be indexed by it.
 */
export class Dictionary {
  readonly #values: string[] = [];
  readonly #codes = new Map<string, number>();

  constructor(values: Iterable<string> = []) {
    for (const value of values) this.code(value);
  }

  /** Number of distinct strings so far; valid codes are `0 … size - 1`. */
  get size(): number {
    return this.#values.length;
  }

  /** Returns the code of `value`, handing out the next one when it is new. */
  code(value: string): number {
    let code = this.#codes.get(value);
    if (code === undefined) {
      code = this.#values.length;
      this.#values.push(value);
      this.#codes.set(value, code);
    }
    return code;
  }

  /** Returns the code of `value`, or -1 when it was never seen. Never grows the dictionary. */
  find(value: string): number {
    return this.#codes.get(value) ?? -1;
  }

  /** Returns the string behind a code. */
  value(code: number): string {
    return this.#values[code];
  }

  /** All strings in order of their codes. A live view: do not change it. */
  get values(): readonly string[] {
    return this.#values;
  }
}
