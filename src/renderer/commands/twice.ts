/** A key that acts when it is pressed twice in a row, so that one slip of a finger does nothing. */

/** Milliseconds between the two presses at most. */
const AT_MOST = 700;

export class Twice {
  #first: { readonly time: number; readonly on: unknown } | null = null;

  /**
   * Takes a press of the key: at `time` (ms, when it was pressed and not when a busy page came to it), on what it would act on. Says whether it
   * is the second of two. Both must be on the same thing; the repeats of a key that is held down count for nothing.
   */
  press(time: number, on: unknown, repeated: boolean): boolean {
    if (repeated) return false;
    const second = this.#first !== null && this.#first.on === on && time - this.#first.time < AT_MOST;
    this.#first = second ? null : { time, on };
    return second;
  }

  /** Takes any other key: the next press is the first again. */
  interrupt(): void {
    this.#first = null;
  }
}
