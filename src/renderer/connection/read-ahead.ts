/**
 * Reads the data files that a notebook's cells name while its kernel comes up. Which are needed is only known once the cells
 * have run; but a name in quotes in the text of a cell, of a file that lies there, says it early enough.
 */

/** Bytes that are read ahead at most, of all files together. */
const MOST = 64 * 1024 * 1024;
/** Milliseconds after which what nobody asked for is let go. */
const LASTS = 10_000;
/** What is asked for in parts. */
const grouped = /\.(?:parquet|arrows?|ipc)$/i;

/** Chooses the files that texts of cells name, as far as they are read whole and are not too much together. */
export function namedFiles(
  texts: readonly string[],
  files: readonly { readonly name: string; readonly size: number }[],
): string[] {
  let room = MOST;
  return files.flatMap(({ name, size }) => {
    if (size > room || grouped.test(name)) return [];
    if (!texts.some(text => ['"', "'", "`"].some(quote => text.includes(quote + name + quote)))) return [];
    room -= size;
    return [name];
  });
}

export class ReadAhead {
  readonly #names: Set<string>;
  readonly #read: (name: string) => Promise<ArrayBuffer>;
  readonly #reading = new Map<string, Promise<ArrayBuffer>>();

  constructor(names: readonly string[], read: (name: string) => Promise<ArrayBuffer>) {
    this.#names = new Set(names);
    this.#read = read;
  }

  /** Begins to read what has not been asked for yet. */
  begin(): void {
    for (const name of this.#names) {
      const reading = this.#read(name);
      // Whoever asks for the file hears of the failure; if nobody does, nobody has to.
      reading.catch(() => undefined);
      this.#reading.set(name, reading);
    }
    if (this.#names.size > 0) setTimeout(() => this.#reading.clear(), LASTS);
  }

  /** Gives what is being read of a file, once: the next time it may be another. */
  take(name: string): Promise<ArrayBuffer> | undefined {
    const reading = this.#reading.get(name);
    this.#reading.delete(name);
    this.#names.delete(name);
    return reading;
  }
}
