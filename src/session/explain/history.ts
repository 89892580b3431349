/** The history of one window of one key: the rows that fell into it, what became of each, and the panes that came out. */
import type { Slices } from "../../engine/slices.ts";
import type { Value } from "../../columns/column.ts";
import type { Run } from "../../engine/run.ts";
import { assigned, assigner } from "../../engine/windowing/assign.ts";
import { TIMINGS, type Timing } from "../../model/panes.ts";
import { merges } from "../../model/windows.ts";
import { identity } from "../../pipeline/identity.ts";
import type { Node } from "../../pipeline/node.ts";
import { type AggregateNode, hasWindowColumns } from "../../pipeline/verbs/aggregate.ts";
import { columnsOf, having, lineAt, type Seen, sightsOf, Watch } from "./sight.ts";
import type { SourceLine } from "./words.ts";

/** A row that fell into the window. */
export interface Contribution {
  readonly position: number;
  readonly arrived: number;
  readonly time: number;
  readonly watermark: number;
  readonly weight: number;
  readonly line: SourceLine | null;
}

/** A row that the window put out. */
export interface PaneSeen {
  readonly position: number;
  readonly clock: number;
  readonly timing: Timing;
  readonly weight: number;
  readonly start: number;
  readonly end: number;
  readonly values: Readonly<Record<string, Value>>;
}

export interface WindowHistory {
  /** Accepted, in order of arrival. */
  readonly rows: readonly Contribution[];
  readonly dropped: readonly Contribution[];
  /** In order of emission; of merging windows also those of the windows that merged into it. */
  readonly panes: readonly PaneSeen[];
  /** Rows that were looked at. */
  readonly scanned: number;
}

/** Finds the history of the window `[start, end)` of a key in what the run remembers. `also` is shown every row of all keys, and told whether it is of this one. */
export function* windowHistory(
  run: Run,
  node: AggregateNode,
  keys: readonly Value[],
  start: number,
  end: number,
  also: (row: Seen, own: boolean) => void = () => {},
): Slices<WindowHistory> {
  const lastRow = run.profile.sessionEnd === "last-row";
  const { strategy } = node;
  const merging = strategy !== null && merges(strategy.window);
  const ofKey = having(
    node.keys.map(k => k.expression),
    keys,
  );
  const falls = fallsInto(node, start, end, lastRow);
  const sights = sightsOf(node.input, run);
  const rows: Contribution[] = [];
  const dropped: Contribution[] = [];
  const droppedAt = new Set<number>();
  const contribution = (seen: Seen): Contribution => ({
    position: seen.position,
    arrived: seen.clock,
    time: seen.time,
    watermark: seen.watermark,
    weight: seen.weight,
    line: lineAt(sights, seen.position),
  });
  const late: Node = { verb: "port", input: node, port: "late" };
  const knowsDropped = run.graph.find(identity(late)) !== undefined;
  const lateWatch = new Watch(late, seen => {
    const row = columnsOf(seen);
    const [s, e] = [row["window_start"] as number, row["window_end"] as number];
    const inside = merging ? s >= start && s < end : s === start && e === end;
    if (!inside || !ofKey(seen)) return;
    droppedAt.add(seen.position);
    dropped.push(contribution(seen));
  });
  const input = new Watch(node.input, seen => {
    const own = ofKey(seen);
    also(seen, own);
    if (own && falls(seen.time)) rows.push(contribution(seen));
  });
  const panes: PaneSeen[] = [];
  const windowed = hasWindowColumns(strategy);
  const keyNames = node.keys.map(k => k.name);
  const wanted = keys.map(v => JSON.stringify(v ?? null));
  const output = new Watch(node, seen => {
    const values = columnsOf(seen);
    const s = windowed ? (values["window_start"] as number) : -Infinity;
    const e = windowed ? (values["window_end"] as number) : Infinity;
    if (merging ? s < start || e > end : s !== start || e !== end) return;
    if (!keyNames.every((name, i) => JSON.stringify(values[name] ?? null) === wanted[i])) return;
    panes.push({
      position: seen.position,
      clock: seen.clock,
      timing: TIMINGS[seen.pane?.timing ?? 1],
      weight: seen.weight,
      start: s,
      end: e,
      values,
    });
  });
  yield* run.looking([...sights, ...(knowsDropped ? [lateWatch] : []), input, output]);
  return { rows: rows.filter(r => !droppedAt.has(r.position)), dropped, panes, scanned: input.rows + output.rows };
}

/** Makes a test of whether a timestamp falls into a window. `lastRow`: sessions end with their last row, which is in them. */
export function fallsInto(
  node: AggregateNode,
  start: number,
  end: number,
  lastRow: boolean,
): (time: number) => boolean {
  const { strategy } = node;
  if (strategy === null || strategy.window.kind === "global") return () => true;
  if (merges(strategy.window)) return time => time >= start && (lastRow ? time <= end : time < end);
  const assign = assigner(strategy.window);
  const out = assigned();
  return time => {
    if (time < start || time >= end) return false;
    assign(time, out);
    for (let i = 0; i < out.count; i++) if (out.start[i] === start && out.end[i] === end) return true;
    return false;
  };
}

/** The windowed aggregate whose rows a node shows, through verbs that leave them whole; null when there is none. */
export function windowedBelow(node: Node): AggregateNode | null {
  switch (node.verb) {
    case "aggregate":
      return node.strategy === null ? null : node;
    case "filter":
    case "derive":
    case "select":
    case "orderby":
    case "sample":
    case "topN":
    case "dedupe":
      return windowedBelow(node.input);
    case "port":
      return node.port === "panes" || node.port === "changes" || node.port === "life"
        ? windowedBelow(node.input)
        : null;
    default:
      return null;
  }
}
