/** Which files, and parts of files, the host has been asked for, and who waits for each of its answers. */
import type { FromEngine, ToEngine } from "./engine-messages.ts";
import type { FilePart } from "./grouped-sources.ts";

type Asking = Extract<FromEngine, { type: "need-file" }>;
type Answer = Extract<ToEngine, { type: "file" }>;

export class NeededFiles {
  readonly #post: (asking: Asking) => void;
  /** Who waits, by request. */
  readonly #awaited = new Map<number, { resolve(part: FilePart): void; reject(error: Error): void }>();
  #request = 0;

  constructor(post: (asking: Asking) => void) {
    this.#post = post;
  }

  /** Asks the host for a file, or for a part of it: bytes `[from, to)`. Rejects with what the host says against it. */
  ask(name: string, part?: { readonly from: number; readonly to: number }): Promise<FilePart> {
    const request = ++this.#request;
    return new Promise((resolve, reject) => {
      this.#awaited.set(request, { resolve, reject });
      this.#post({ type: "need-file", request, name, ...(part === undefined ? {} : { part }) });
    });
  }

  /** Hands an answer to whoever waits for it. */
  take({ request, bytes, error, size = 0, version = "" }: Answer): void {
    const awaited = this.#awaited.get(request);
    this.#awaited.delete(request);
    if (bytes !== null) awaited?.resolve({ bytes: new Uint8Array(bytes), size, version });
    else awaited?.reject(new Error(error ?? "The file could not be read."));
  }
}
