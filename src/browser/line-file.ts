/**
 * A file of lines that is written as they come. What was given is with the operating system within a fifth of a second, so a
 * crash of this program loses no more than that, and leaves whole lines but for the last.
 */
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

const FLUSH_EVERY = 200;

export class LineFile {
  readonly path: string;
  readonly #file: Promise<FileHandle>;
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void>;
  /** Bytes and lines given so far. */
  bytes = 0;
  lines = 0;
  /** Why nothing more is written, or null. */
  problem: string | null = null;

  /** Makes the file. Its folder is made where it is not there; a file that is there already is not touched. */
  constructor(path: string) {
    this.path = path;
    this.#file = mkdir(dirname(path), { recursive: true }).then(() => open(path, "wx"));
    this.#writing = this.#file.then(
      () => undefined,
      error => this.#fail(error),
    );
  }

  /** Writes lines, each with its end. */
  write(lines: string, count: number): void {
    if (this.problem !== null) return;
    this.#waiting.push(lines);
    this.bytes += Buffer.byteLength(lines);
    this.lines += count;
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY);
  }

  /** Writes what waits, to the disk itself, and closes the file. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#flush();
    await this.#writing;
    await this.#file.then(
      async file => {
        if (this.problem === null) await file.sync();
        await file.close();
      },
      () => undefined,
    );
  }

  #flush(): void {
    this.#timer = null;
    const text = this.#waiting.join("");
    this.#waiting = [];
    if (text === "") return;
    this.#writing = this.#writing
      .then(async () => {
        if (this.problem === null) await (await this.#file).appendFile(text, "utf8");
      })
      .catch(error => this.#fail(error));
  }

  #fail(error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    this.problem = code === "ENOSPC" ? "the disk is full" : error instanceof Error ? error.message : String(error);
  }
}
