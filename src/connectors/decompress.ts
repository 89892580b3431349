/** Undoes gzip and zstd. */
import { Decompress, decompress as decompressZstd } from "fzstd";
import { type Compression, compressionOf } from "./detect.ts";
import { SourceError } from "./source-error.ts";

/** Returns the bytes as they were before compression; plain ones as they are. Throws when they are damaged. */
export async function decompressed(bytes: Uint8Array, file: string): Promise<Uint8Array> {
  const compression = compressionOf(bytes);
  if (compression === "none") return bytes;
  try {
    return compression === "gzip" ? await gunzip(bytes) : decompressZstd(bytes);
  } catch (error) {
    throw damaged(file, compression, error);
  }
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const plain = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** Undoes the compression of a stream of chunks, which the first of them states. */
export async function* decompressedChunks(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const compression = compressionOf(first.value);
  if (compression === "none") {
    try {
      yield first.value;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
    return;
  }
  const source = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(first.value),
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  try {
    if (compression === "gzip") {
      const plain = (source as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new DecompressionStream("gzip"));
      yield* chunksOf(plain);
    } else {
      const out: Uint8Array[] = [];
      const stream = new Decompress(chunk => out.push(chunk.slice()));
      for await (const chunk of chunksOf(source)) {
        stream.push(chunk);
        yield* out.splice(0);
      }
      stream.push(new Uint8Array(0), true);
      yield* out.splice(0);
    }
  } catch (error) {
    throw error instanceof SourceError ? error : damaged(file, compression, error);
  }
}

/** Reads a stream's chunks; not every host lets a stream itself be iterated. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

function damaged(file: string, compression: Compression, error: unknown): SourceError {
  const why = error instanceof Error && error.message !== "" ? ` (${error.message})` : "";
  return new SourceError(
    `${file} is compressed with ${compression}, and damaged or cut off${why}. Get the file again.`,
    { file },
  );
}
