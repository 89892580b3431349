/** Decodes Parquet, one column after the other, each from all row groups. */
import { type DecodedLog, type DecodeOptions, SourceError } from "../log.ts";
import { inPieces } from "../pieces.ts";
import { type FoundColumn, logOfColumnsInPieces } from "../whole-columns.ts";
import { ParquetFile, roomFor } from "./file.ts";

export interface ParquetOptions extends DecodeOptions {
  /** Called after each column of each row group. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly rows: number }) => void | Promise<void>;
}

/** Decodes a whole file. Compression may be none, Snappy or Zstandard. Throws a `SourceError` when it cannot be read. */
export async function decodeParquet(bytes: Uint8Array, options: ParquetOptions = {}): Promise<DecodedLog> {
  const name = options.file ?? "The log";
  try {
    const file = await ParquetFile.open({ size: bytes.length, slice: (from, to) => bytes.subarray(from, to) }, name);
    const found: FoundColumn[] = [];
    for (const column of file.columns) {
      const filling = roomFor(column, file.rows);
      for (const [g, { first, rows }] of file.groups.entries()) {
        await file.read(column, g, filling, first);
        await options.onProgress?.({
          bytes: Math.round((bytes.length * found.length) / file.columns.length),
          rows: first + rows,
        });
      }
      found.push({ name: column.name, local: column.local, ...filling.take() });
    }
    return await inPieces(logOfColumnsInPieces(found, file.rows, options), () =>
      options.onProgress?.({ bytes: bytes.length, rows: file.rows }),
    );
  } catch (error) {
    throw unreadable(error, name);
  }
}

/** Says that a file cannot be read as Parquet, and why, unless that has been said already. */
export function unreadable(error: unknown, file: string): SourceError {
  if (error instanceof SourceError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new SourceError(`${file} cannot be read as Parquet (${why}). It may be damaged or cut off; get it again.`, {
    file,
  });
}
