/** Tells a log's format and compression from its name and its first bytes. */
import { connectors, type Format, formats } from "./index.ts";
import { SourceError } from "./source-error.ts";

export type Compression = "none" | "gzip" | "zstd";

/** Tells how bytes are compressed, by the mark they start with. */
export function compressionOf(bytes: Uint8Array): Compression {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) return "zstd";
  return "none";
}

/** Tells the format that a file's name states, or null. Endings of compression are looked through. */
export function formatByName(name: string): Format | null {
  const parts = name.toLowerCase().split(/[/\\]/).at(-1)?.split(".") ?? [];
  while (parts.length > 1 && /^(gz|gzip|zst|zstd)$/.test(parts[parts.length - 1])) parts.pop();
  const ending = parts.length > 1 ? parts[parts.length - 1] : "";
  return formats.find(format => connectors[format].extensions.includes(ending)) ?? null;
}

/**
 * Tells a log's format: by the marks of Parquet and Arrow where there is one, else by the name, else by whether the first
 * line is an object or has a delimiter. `bytes` are the first ones, not compressed. Throws when nothing tells it.
 */
export function detectFormat(name: string, bytes: Uint8Array): Format {
  const mark = String.fromCharCode(...bytes.subarray(0, 6));
  if (mark.startsWith("PAR1")) return "parquet";
  if (mark.startsWith("ARROW1") || mark.startsWith("\xff\xff\xff\xff")) return "arrow";
  const named = formatByName(name);
  if (named !== null) return named;
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const newline = bytes.indexOf(10, start);
  const line = String.fromCharCode(
    ...bytes.subarray(start, Math.min(newline < 0 ? bytes.length : newline, start + 4096)),
  );
  const text = line.trim();
  if (text.startsWith("{")) return "jsonlines";
  if (text.startsWith("["))
    throw new SourceError(
      `${name} is one JSON list. Write one object per line instead (for example with: jq -c ".[]"), or state format: "jsonlines" if it is that.`,
      { file: name, value: text.slice(0, 80) },
    );
  if (line.includes("\t")) return "tsv";
  if (/[,;|]/.test(line)) return "csv";
  throw new SourceError(
    `${name}: neither the name nor the first line tells the format. State it, for example format: "csv". There are: ${formats.join(", ")}.`,
    { file: name, value: text.slice(0, 80) },
  );
}
