/** Which slots of a table have changed since somebody looked: so that a copy of the table elsewhere costs what changes. */
export class ChangedSlots {
  #slots = new Int32Array(64);
  #count = 0;
  /** 1 where a slot is on the list already. */
  #listed = new Uint8Array(64);
  /** Everything may have changed. */
  #all = true;

  /** Notes that what a slot holds has changed. */
  add(slot: number): void {
    if (this.#all) return;
    if (slot >= this.#listed.length) this.#grow(slot + 1);
    if (this.#listed[slot] === 1) return;
    this.#listed[slot] = 1;
    if (this.#count === this.#slots.length) {
      const slots = new Int32Array(2 * this.#count);
      slots.set(this.#slots);
      this.#slots = slots;
    }
    this.#slots[this.#count++] = slot;
  }

  /** How many slots have changed; Infinity where it may be any. */
  get size(): number {
    return this.#all ? Infinity : this.#count;
  }

  /** Notes that every slot may have changed. */
  addAll(): void {
    this.#forget();
    this.#all = true;
  }

  /** Returns the changed slots below `length`, ascending, and begins anew; null where it may be any or is half of them. */
  take(length: number): Int32Array | null {
    const many = this.#all || this.#count > length / 2;
    const slots = many
      ? null
      : this.#slots
          .subarray(0, this.#count)
          .filter(slot => slot < length)
          .sort();
    this.#forget();
    this.#all = false;
    return slots;
  }

  #forget(): void {
    for (let i = 0; i < this.#count; i++) this.#listed[this.#slots[i]] = 0;
    this.#count = 0;
  }

  #grow(least: number): void {
    const listed = new Uint8Array(Math.max(least, 2 * this.#listed.length));
    listed.set(this.#listed);
    this.#listed = listed;
  }
}
