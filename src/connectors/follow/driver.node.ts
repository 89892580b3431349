/**
 * Follows a file that grows. The file itself is what waits when nobody takes its rows, so nothing is lost. A file that became
 * shorter, or is another one under the same name, is read from its beginning, and that is said; one that is not there yet
 * is waited for. The directory is not watched but the file asked, four times a second: that works on every file system.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import type { OpenLive } from "../live/driver.ts";
import { CsvLines } from "../live/csv-lines.ts";
import { Lines } from "../live/lines.ts";

const LOOK_EVERY = 250;
const CHUNK = 256 * 1024;

export const openFollow: OpenLive = (input, sink, place) => {
  const delimited = input.format === "csv" || input.format === "tsv" || /\.(csv|tsv)$/i.test(input.name);
  const tabs = input.format === "tsv" || /\.tsv$/i.test(input.name);
  const { delimiter = tabs ? "\t" : null } = input.options as { delimiter?: string | null };
  const csv = delimited ? new CsvLines(delimiter) : null;
  const buffer = new Uint8Array(CHUNK);
  let file: FileHandle | null = null;
  let inode = 0;
  let position = 0;
  let lines = new Lines();
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let looking: Promise<void> | null = null;
  let first = true;
  let said = "";

  const say = (status: "connected" | "waiting", reason = ""): void => {
    if (said === `${status} ${reason}`) return;
    said = `${status} ${reason}`;
    sink.state(status === "connected" ? { status } : { status, reason });
  };

  const beginAgain = async (why: string): Promise<void> => {
    sink.note(why);
    await file?.close();
    file = null;
    csv?.reset();
  };

  /** Reads what has been added. Returns whether there may be more at once. */
  const read = async (path: string): Promise<void> => {
    const facts = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    });
    if (facts === null) {
      // A file that is being rotated is away for a moment; what it said until then is read to its end.
      if (file !== null) await drain();
      say("waiting", `${input.name} is not there yet`);
      return;
    }
    if (file !== null && facts.ino !== inode) {
      await drain();
      flush();
      await beginAgain(`${input.name} was replaced by another file, which is read from its beginning`);
      position = 0;
      lines = new Lines();
    } else if (file !== null && facts.size < position) {
      await beginAgain(`${input.name} was cut off and is read from its beginning`);
      position = 0;
      lines = new Lines();
    }
    if (file === null) {
      file = await open(path, "r");
      inode = facts.ino;
      if (first && input.options["from"] === "end") {
        if (csv !== null) await readHeader(facts.size);
        position = await startOfLine(facts.size);
        lines = new Lines(position);
      }
      first = false;
    }
    say("connected");
    await drain();
  };

  /** Where the line begins that the file ends with: a line that has not ended belongs to what follows. */
  const startOfLine = async (size: number): Promise<number> => {
    for (let to = size; to > 0; ) {
      const from = Math.max(0, to - CHUNK);
      const { bytesRead } = await (file as FileHandle).read(buffer, 0, to - from, from);
      const newline = buffer.subarray(0, bytesRead).lastIndexOf(10);
      if (newline >= 0) return from + newline + 1;
      to = from;
    }
    return 0;
  };

  const readHeader = async (size: number): Promise<void> => {
    const { bytesRead } = await (file as FileHandle).read(buffer, 0, Math.min(CHUNK, size), 0);
    const [header] = new Lines().push(buffer.slice(0, bytesRead));
    if (header !== undefined) csv?.push(header);
  };

  const drain = async (): Promise<void> => {
    while (file !== null && !closed && !sink.full) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      take(lines.push(buffer.subarray(0, bytesRead)));
    }
  };

  const take = (found: readonly { text: string; at: number }[]): void => {
    const records = found.flatMap(line => {
      const record = csv === null ? line : csv.push(line);
      return record === null ? [] : [{ text: record.text, offset: record.at }];
    });
    if (records.length > 0) sink.take(records);
  };

  /** A last line without an end is whole when its file is over. */
  const flush = (): void => take(lines.end());

  const look = (): void => {
    timer = null;
    if (closed || looking !== null) return;
    looking = place
      .path(input.name)
      .then(read)
      .catch((error: unknown) => say("waiting", error instanceof Error ? error.message : String(error)))
      .finally(() => {
        looking = null;
        if (closed) void file?.close();
        else timer ??= setTimeout(look, LOOK_EVERY);
      });
  };
  sink.state({ status: "connecting" });
  look();

  return {
    close() {
      if (closed) return;
      closed = true;
      if (timer !== null) clearTimeout(timer);
      if (looking === null) void file?.close();
    },
    retry: look,
    resume: look,
  };
};
