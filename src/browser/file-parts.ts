/** Reads parts of files that are too large to be read at once. */
import { open } from "node:fs/promises";

export interface PartOfFile {
  readonly bytes: Uint8Array;
  readonly from: number;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Another text when the file has changed: its size and when it was last written. */
  readonly version: string;
}

/** Reads bytes `[from, to)` of a file, or as many of them as there are. */
export async function readPartOf(path: string, from: number, to: number): Promise<PartOfFile> {
  const file = await open(path, "r");
  try {
    const { size, mtimeMs } = await file.stat();
    const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: bytes.subarray(0, length), from, size, version: `${size}-${mtimeMs}` };
  } finally {
    await file.close();
  }
}

/** Whether an answer is a part of a file. */
export function isPart(value: unknown): value is PartOfFile {
  return typeof value === "object" && value !== null && (value as { bytes?: unknown }).bytes instanceof Uint8Array;
}
