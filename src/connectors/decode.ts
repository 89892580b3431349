/** Decodes a log of any format, from bytes in memory or from chunks as they come. */
import { type CsvOptions, csvDecoder } from "./csv/decode.ts";
import { decompressed, decompressedChunks } from "./decompress.ts";
import { detectFormat } from "./detect.ts";
import { connectors, type Format, formats } from "./index.ts";
import { jsonLinesDecoder } from "./jsonlines/decode.ts";
import { type DecodedLog, type Decoder, SourceError } from "./log.ts";
import { inPieces } from "./pieces.ts";

/** How a log is to be read, and who wants to know how far it is. */
export interface ReadOptions extends CsvOptions {
  /**
   * Called as bytes are read, with how many of them and how many rows there are so far. May return a promise, which is
   * awaited: that is where a host breathes. May throw, which ends the reading.
   */
  readonly onProgress?: (progress: { readonly bytes: number; readonly rows: number }) => void | Promise<void>;
}

/** Bytes decoded between two calls of `onProgress`. */
const STEP = 1 << 16;

/** Makes the decoder of a format that is read line by line. */
export function decoderFor(format: "jsonlines" | "csv" | "tsv", options: CsvOptions = {}): Decoder {
  switch (format) {
    case "jsonlines":
      return jsonLinesDecoder(options);
    case "csv":
      return csvDecoder(options);
    case "tsv":
      return csvDecoder({ delimiter: "\t", ...options });
  }
}

/**
 * Decodes a whole log. `format` null tells it from the file's name and first bytes; gzip and zstd are undone. Throws a
 * `SourceError` when the settings cannot work; lines that cannot be read are in the log's `errors`.
 */
export async function decodeAll(
  bytes: Uint8Array,
  format: string | null,
  options: ReadOptions = {},
): Promise<DecodedLog> {
  const file = options.file ?? "The log";
  const plain = await decompressed(bytes, file);
  const chosen = format === null ? detectFormat(file, plain.subarray(0, 65_536)) : knownFormat(format, file);
  checkOptions(chosen, options);
  switch (chosen) {
    case "parquet": {
      const { decodeParquet } = await import("./parquet/decode.ts");
      return decodeParquet(plain, options);
    }
    case "arrow": {
      const { decodeArrow } = await import("./arrow/decode.ts");
      return inPieces(decodeArrow(plain, options), share =>
        options.onProgress?.({ bytes: Math.round(share * plain.length), rows: 0 }),
      );
    }
    default: {
      const decoder = decoderFor(chosen, { ...options, expectedBytes: plain.length });
      for (let at = 0; at < plain.length; at += STEP) {
        decoder.push(plain.subarray(at, at + STEP));
        await options.onProgress?.({ bytes: decoder.bytesRead, rows: decoder.rowsRead });
      }
      decoder.push(new Uint8Array(0), true);
      return inPieces(decoder.finishing(), () =>
        options.onProgress?.({ bytes: decoder.bytesRead, rows: decoder.rowsRead }),
      );
    }
  }
}

/**
 * Decodes a log from chunks of bytes as they come, so that the text never has to be in memory at once. Parquet and Arrow
 * files state their parts at their end, so their bytes are collected first.
 */
export async function decodeChunks(
  chunks: AsyncIterable<Uint8Array>,
  format: string | null,
  options: ReadOptions = {},
): Promise<DecodedLog> {
  const file = options.file ?? "The log";
  let chosen = format === null ? null : knownFormat(format, file);
  let decoder: Decoder | null = null;
  const kept: Uint8Array[] = [];
  for await (const chunk of decompressedChunks(chunks, file)) {
    if (chunk.length === 0) continue;
    chosen ??= detectFormat(file, chunk.subarray(0, 65_536));
    if (chosen === "parquet" || chosen === "arrow") {
      kept.push(chunk);
      continue;
    }
    if (decoder === null) {
      checkOptions(chosen, options);
      decoder = decoderFor(chosen, options);
    }
    decoder.push(chunk);
    await options.onProgress?.({ bytes: decoder.bytesRead, rows: decoder.rowsRead });
  }
  if (kept.length > 0) return decodeAll(joined(kept), chosen, options);
  decoder ??= decoderFor(chosen === "csv" || chosen === "tsv" ? chosen : "jsonlines", options);
  decoder.push(new Uint8Array(0), true);
  return decoder.finish();
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** The options that hosts give and cells do not. */
const HOST_OPTIONS = ["file", "times", "expectedBytes", "onProgress"];

/** Refuses an option that the format does not have: a misspelt one would be silently without effect. */
export function checkOptions(format: Format, options: ReadOptions): void {
  const known = connectors[format].options.map(option => option.name);
  for (const name of Object.keys(options))
    if (!known.includes(name) && !HOST_OPTIONS.includes(name))
      throw new SourceError(
        `${options.file ?? "The log"}: ${format} has no option "${name}". There are: ${known.join(", ")}.`,
        {
          file: options.file ?? "The log",
          value: name,
        },
      );
}

function knownFormat(format: string, file: string): Format {
  const found = formats.find(known => known === format);
  if (found !== undefined) return found;
  throw new SourceError(`${file}: unknown format ${JSON.stringify(format)}. There are: ${formats.join(", ")}.`, {
    file,
    value: format,
  });
}
