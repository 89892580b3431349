/** The story of a moment of `stateCost`: which windows were held then, and what for. */
import type { Slices } from "../../engine/slices.ts";
import type { Run } from "../../engine/run.ts";
import { formatDuration } from "../../model/time.ts";
import type { Node } from "../../pipeline/node.ts";
import { numberOf, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { columnsOf, Watch } from "./sight.ts";
import { counted, keysText, Words } from "./words.ts";
import { zoneOf } from "./window.ts";

interface Life {
  readonly start: number;
  readonly end: number;
  readonly of: string;
  readonly opened: number;
  complete: number;
}

/** Windows that are named before the others are counted. */
const NAMED = 6;

/** Tells which windows of keys were held before `at`, ms of processing time. Null where the stream has no windows. */
export function* heldStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const node = windowedBelow(stream);
  const at = numberOf(values, "at");
  if (node?.strategy == null || Number.isNaN(at)) return null;
  const names = node.keys.map(k => k.name);
  const open = new Map<string, Life>();
  const closing: number[] = [];
  yield* run.looking([
    new Watch({ verb: "port", input: node, port: "life" }, row => {
      if (row.clock >= at) return;
      const columns = columnsOf(row);
      const keys = names.map(name => columns[name] ?? null);
      const [start, end] = ["window_start", "window_end"].map(name => numberOf(columns, name));
      const id = JSON.stringify([keys, start, end]);
      const { what } = columns;
      if (what === "opened")
        open.set(id, { start, end, of: keysText(names, keys), opened: row.clock, complete: Infinity });
      else if (what === "closed" || what === "merged") {
        const known = open.get(id);
        if (known !== undefined) closing.push(row.clock - known.opened);
        open.delete(id);
      } else if (what === "on-time") {
        const known = open.get(id);
        if (known !== undefined) known.complete = Math.min(known.complete, row.clock);
      }
    }),
  ]);
  const words = new Words(zoneOf(node));
  const held = [...open.values()].sort((a, b) => a.start - b.start || (a.of < b.of ? -1 : 1));
  const incomplete = held.filter(w => w.complete === Infinity);
  const retained = held.filter(w => w.complete < Infinity);
  const listed = (list: readonly Life[]): string => {
    const said = list
      .slice(0, NAMED)
      .map(w => `${words.span(w.start, w.end)}${w.of === "" ? "" : ` of ${w.of}`}`)
      .join("; ");
    return `${said}${list.length > NAMED ? `; and ${(list.length - NAMED).toLocaleString("en")} more` : ""}`;
  };
  const sentences = [
    `At ${words.at(at)} ${held.length === 0 ? "no window was" : held.length === 1 ? "1 window was" : `${held.length.toLocaleString("en")} windows of keys were`} held.`,
  ];
  if (incomplete.length > 0)
    sentences.push(
      `${counted(incomplete.length, "window")} still incomplete, waiting for the watermark: ${listed(incomplete)}.`,
    );
  if (retained.length > 0)
    sentences.push(
      `${counted(retained.length, "window")} complete and kept for late rows alone, by the allowed lateness of ${formatDuration(node.strategy.allowedLateness)}: ${listed(retained)}.`,
    );
  const oldest = held.reduce<Life | null>((a, w) => (a === null || w.opened < a.opened ? w : a), null);
  if (oldest !== null)
    sentences.push(
      `The one held longest had been open for ${formatDuration(at - oldest.opened)}${closing.length === 0 ? "" : `; ${counted(closing.length, "window")} had been let go of before, after ${formatDuration(Math.round(closing.reduce((n, c) => n + c, 0) / closing.length / 1_000) * 1_000)} on the average`}.`,
    );
  return {
    sentences,
    facts: { at, held: held.length, incomplete: incomplete.length, kept_for_late_rows: retained.length },
    lines: [],
    timeZone: words.timeZone,
  };
}
