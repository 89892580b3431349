/**
 * Remembers which addresses the user let each notebook connect to. Like trust it is kept in the user's own folder and never
 * in the notebook, and it holds for one notebook and one address: nothing is allowed to a whole host, or to all notebooks.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "./atomic-write.ts";

/** At most this many pairs are remembered; the oldest are forgotten first. */
const capacity = 2_000;

export class AddressStore {
  readonly #folder: string;
  readonly #path: string;
  #pairs: Promise<Set<string>> | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, "addresses.json");
  }

  async allows(notebook: string, address: string): Promise<boolean> {
    return (await this.#load()).has(pair(notebook, address));
  }

  async allow(notebook: string, address: string): Promise<void> {
    const pairs = await this.#load();
    pairs.add(pair(notebook, address));
    for (const oldest of pairs) {
      if (pairs.size <= capacity) break;
      pairs.delete(oldest);
    }
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(pairs));
    await this.#writing;
  }

  async #write(pairs: ReadonlySet<string>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const allowed = [...pairs].map(each => JSON.parse(each) as unknown);
    await writeAtomically(this.#path, `${JSON.stringify({ version: 1, allowed }, null, 1)}\n`);
  }

  /** A store that is absent or damaged allows nothing: the user is asked again. */
  #load(): Promise<Set<string>> {
    this.#pairs ??= readFile(this.#path, "utf8").then(
      text => {
        try {
          const { allowed } = JSON.parse(text) as { allowed?: unknown };
          const list = Array.isArray(allowed) ? allowed.filter(isPair) : [];
          return new Set(list.map(([notebook, address]) => pair(notebook, address)));
        } catch {
          return new Set<string>();
        }
      },
      () => new Set<string>(),
    );
    return this.#pairs;
  }
}

function pair(notebook: string, address: string): string {
  return JSON.stringify([notebook, address]);
}

function isPair(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every(each => typeof each === "string");
}
