/** Reads standard input as lines come. The pipe waits while nobody takes them; its end is the source's. */
import { CsvLines } from "../live/csv-lines.ts";
import type { OpenLive } from "../live/driver.ts";
import { type Line, Lines } from "../live/lines.ts";

export const openStdin: OpenLive = (input, sink, place) => {
  let closed = false;
  let room: (() => void) | null = null;
  const { delimiter = input.format === "tsv" ? "\t" : null } = input.options as { delimiter?: string | null };
  const csv = input.format === "csv" || input.format === "tsv" ? new CsvLines(delimiter) : null;
  const take = (lines: readonly Line[]): void => {
    const records = lines.flatMap(line => csv?.push(line) ?? (csv === null ? [line] : []));
    if (records.length > 0) sink.take(records.map(({ text, at }) => ({ text, offset: at })));
  };

  const read = async (): Promise<void> => {
    if (place.stdin === undefined) {
      sink.state({
        status: "failed",
        reason: "there is no standard input in the app; run the notebook on the command line: tidemark run FILE",
      });
      return;
    }
    sink.state({ status: "connected" });
    const lines = new Lines();
    for await (const chunk of place.stdin) {
      if (closed) return;
      take(lines.push(chunk));
      while (sink.full && !closed) await new Promise<void>(done => (room = done));
    }
    take(lines.end());
    sink.state({ status: "ended", reason: "standard input is over" });
  };
  read().catch((error: unknown) => {
    if (!closed) sink.state({ status: "failed", reason: error instanceof Error ? error.message : String(error) });
  });

  return {
    close() {
      closed = true;
      room?.();
    },
    retry() {},
    resume() {
      room?.();
      room = null;
    },
  };
};
