/**
 * Remembers which contents the user said may run. It holds hashes of contents in the user's own folder, never anything in
 * the notebook itself, so that a file can't declare itself trusted.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeAtomically } from "./atomic-write.ts";

/** At most this many contents are remembered; the oldest are forgotten first. */
const capacity = 2_000;

/** Tells the folder for this user's Tidemark data: `$TIDEMARK_HOME`, or what the platform recommends. */
export function userDataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.TIDEMARK_HOME) return environment.TIDEMARK_HOME;
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "Tidemark");
  if (process.platform === "win32")
    return join(environment.APPDATA ?? join(homedir(), "AppData", "Roaming"), "Tidemark");
  return join(environment.XDG_DATA_HOME || join(homedir(), ".local", "share"), "tidemark");
}

/** Hashes a content: SHA-256 of its UTF-8 bytes, in hexadecimal. */
export function contentHash(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

export class TrustStore {
  readonly #path: string;
  readonly #folder: string;
  readonly #shipped: ReadonlySet<string>;
  #hashes: Promise<Set<string>> | null = null;
  #writing: Promise<void> = Promise.resolve();

  /** `shipped`: hashes of contents that came with the program. */
  constructor(folder: string, shipped: readonly string[]) {
    this.#folder = folder;
    this.#path = join(folder, "trust.json");
    this.#shipped = new Set(shipped);
  }

  async trusts(text: string): Promise<boolean> {
    const hash = contentHash(text);
    return this.#shipped.has(hash) || (await this.#load()).has(hash);
  }

  async trust(text: string): Promise<void> {
    const hashes = await this.#load();
    const hash = contentHash(text);
    if (hashes.has(hash)) return;
    hashes.add(hash);
    for (const oldest of hashes) {
      if (hashes.size <= capacity) break;
      hashes.delete(oldest);
    }
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(hashes));
    await this.#writing;
  }

  async #write(hashes: ReadonlySet<string>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeAtomically(this.#path, `${JSON.stringify({ version: 1, sha256: [...hashes] }, null, 1)}\n`);
  }

  /** A store that is absent or damaged trusts nothing: the user is asked again, which is the safe side. */
  #load(): Promise<Set<string>> {
    this.#hashes ??= readFile(this.#path, "utf8").then(
      text => {
        try {
          const stored: unknown = JSON.parse(text);
          const list = typeof stored === "object" && stored !== null ? (stored as { sha256?: unknown }).sha256 : null;
          return new Set(Array.isArray(list) ? list.filter(each => typeof each === "string") : []);
        } catch {
          return new Set<string>();
        }
      },
      () => new Set<string>(),
    );
    return this.#hashes;
  }
}
