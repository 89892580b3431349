/** Typed arrays that grow as they are appended to, for columns made row by row. Their room is used again; what they hand out is a copy. */

export class Floats {
  values: Float64Array = new Float64Array(64);
  count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const values = new Float64Array(2 * this.count);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.count++] = value;
  }

  take(): Float64Array {
    const out = this.values.slice(0, this.count);
    this.count = 0;
    return out;
  }
}

export class Ints {
  values: Int32Array = new Int32Array(64);
  count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const values = new Int32Array(2 * this.count);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.count++] = value;
  }

  take(): Int32Array {
    const out = this.values.slice(0, this.count);
    this.count = 0;
    return out;
  }
}

export class Bytes {
  values: Uint8Array = new Uint8Array(64);
  count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const values = new Uint8Array(2 * this.count);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.count++] = value;
  }

  take(): Uint8Array {
    const out = this.values.slice(0, this.count);
    this.count = 0;
    return out;
  }
}
