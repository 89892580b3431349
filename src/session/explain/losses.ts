/** What late rows did in all: the rows that were dropped, by key, partition and window, and the windows that others changed most. */
import type { Slices } from "../../engine/slices.ts";
import type { Value } from "../../columns/column.ts";
import type { Run } from "../../engine/run.ts";
import { LATE } from "../../model/panes.ts";
import { type Node, topological } from "../../pipeline/node.ts";
import type { AggregateNode } from "../../pipeline/verbs/aggregate.ts";
import type { PortNode } from "../../pipeline/verbs/port.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { type NamedRow, Origins, subjectOf } from "./lines.ts";
import { Shares } from "./shares.ts";
import { columnsOf, evaluatorsOf, type Seen, Watch } from "./sight.ts";
import { counted, keysText, valueText, Words } from "./words.ts";
import { linesOf, zoneOf } from "./window.ts";

const TOLD = 5;

/**
 * Tells what the windows below a stream dropped: how many rows, of what value, whose, and from which windows; of several such
 * rollups each for itself. Null where there are none.
 */
export function* droppedInAll(
  stream: Node,
  run: Run,
  nameOf: (node: Node) => string | null,
): Slices<Explanation | null> {
  const nodes = topological([stream]).filter(n => n.verb === "aggregate" && n.strategy !== null) as AggregateNode[];
  const stories: { node: AggregateNode; story: Explanation }[] = [];
  for (const node of nodes) stories.push({ node, story: yield* droppedBy(node, run) });
  const lossy = stories.filter(({ story }) => story.facts["rows"] !== 0);
  if (lossy.length < 2) return (lossy[0] ?? stories[0])?.story ?? null;
  return {
    sentences: lossy.flatMap(({ node, story: { sentences } }) => [
      `In ${nameOf(node) ?? "a rollup"}: ${sentences[0]}`,
      ...sentences.slice(1),
    ]),
    facts: { rollups: lossy.map(({ story }) => story.facts) },
    lines: lossy.flatMap(({ story }) => story.lines),
    timeZone: lossy[0].story.timeZone,
  };
}

function* droppedBy(node: AggregateNode, run: Run): Slices<Explanation> {
  const late: PortNode = { verb: "port", input: node, port: "late" };
  const origins = new Origins(node.input, run);
  const words = new Words(zoneOf(node));
  const names = node.keys.map(k => k.name);
  const value = valueOf(node);
  const [byKey, byPartition, byWindow] = [
    new Shares(),
    new Shares(),
    new Map<string, { span: () => string; n: number }>(),
  ];
  const rows: (NamedRow & { readonly margin: number })[] = [];
  let total = 0;
  yield* run.looking([
    ...origins.taps,
    new Watch(late, row => {
      const columns = columnsOf(row);
      const origin = origins.of(row.position);
      const [start, end] = [columns["window_start"], columns["window_end"]] as [number, number];
      if (names.length > 0)
        byKey.add(
          keysText(
            names,
            names.map(name => columns[name] ?? null),
          ),
        );
      byPartition.add(origin.partition);
      const id = `${start} ${end}`;
      const known = byWindow.get(id);
      if (known === undefined) byWindow.set(id, { span: () => words.span(start, end), n: 1 });
      else known.n++;
      total += value?.of(row) ?? 0;
      rows.push({ time: row.time, arrived: row.clock, margin: columns["margin"] as number, ...origin });
    }),
  ]);
  const sentences = [
    `${rows.length === 0 ? "No row was" : rows.length === 1 ? "1 row was" : `${rows.length.toLocaleString("en")} rows were`} dropped as too late${value === null || rows.length === 0 ? "" : `, with ${value.name} ${valueText(Number(total.toPrecision(12)))} in all`}.`,
  ];
  const [keys, partitions] = [byKey.text(), byPartition.text()];
  if (keys !== "") sentences.push(`By key: ${keys}.`);
  if (partitions !== "") sentences.push(`By partition: ${partitions}.`);
  const windows = [...byWindow.values()].sort((a, b) => b.n - a.n);
  if (windows.length > 0 && Number.isFinite(rows[0].time))
    sentences.push(
      `By window: ${windows
        .slice(0, TOLD)
        .map(w => `${w.span()} (${counted(w.n, "row")})`)
        .join("; ")}${windows.length > TOLD ? `; and ${windows.length - TOLD} more` : ""}.`,
    );
  rows.sort((a, b) => b.margin - a.margin);
  if (rows.length > 0)
    sentences.push(
      "The latest of them:",
      ...rows
        .slice(0, TOLD)
        .map(row => `${subjectOf(row)}, of ${words.at(row.time)}, arrived at ${words.at(row.arrived)}.`),
    );
  return {
    sentences,
    facts: { rows: rows.length, total: value === null ? null : total },
    lines: linesOf(rows),
    timeZone: words.timeZone,
  };
}

/** The value of a row that the first output adds up, where it is a sum. */
function valueOf(node: AggregateNode): { readonly name: string; readonly of: (row: Seen) => number } | null {
  const output = node.outputs[0]?.expression.expr;
  const call = output?.kind === "column" ? node.aggregates.find(a => a.name === output.name) : undefined;
  if (call?.aggregate !== "sum") return null;
  let schema: Seen["batch"]["schema"] | null = null;
  let evaluate: (row: Seen) => Value = () => null;
  return {
    name: node.outputs[0].name,
    of: row => {
      if (row.batch.schema !== schema) {
        ({ schema } = row.batch);
        [evaluate] = evaluatorsOf(call.arguments, schema);
      }
      const value = evaluate(row);
      return typeof value === "number" ? value : 0;
    },
  };
}

/** Tells which windows late rows changed most. Null where the stream has no windows. */
export function* changedLate(stream: Node, run: Run): Slices<Explanation | null> {
  const own = windowedBelow(stream);
  if (own?.strategy == null) return null;
  const node: AggregateNode = { ...own, strategy: { ...own.strategy, accumulation: "retracting" } };
  const [output] = node.outputs;
  const words = new Words(zoneOf(own));
  const names = node.keys.map(k => k.name);
  const changed = new Map<string, { start: number; end: number; of: string; by: number; panes: number }>();
  yield* run.looking([
    new Watch(node, row => {
      if (row.pane?.timing !== LATE) return;
      const columns = columnsOf(row);
      const [start, end] = [columns["window_start"] ?? -Infinity, columns["window_end"] ?? Infinity] as [
        number,
        number,
      ];
      const of = keysText(
        names,
        names.map(name => columns[name] ?? null),
      );
      const id = `${start} ${end} ${of}`;
      const known = changed.get(id) ?? { start, end, of, by: 0, panes: 0 };
      changed.set(id, known);
      const value = columns[output.name];
      known.by += row.weight * (typeof value === "number" ? value : 0);
      if (row.weight > 0) known.panes++;
    }),
  ]);
  const sorted = [...changed.values()].sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
  const sum = Number(sorted.reduce((n, w) => n + w.by, 0).toPrecision(12));
  return {
    sentences: [
      sorted.length === 0
        ? "No late row changed any window."
        : `Late rows changed ${counted(sorted.length, "window")} of keys, by ${valueText(sum)} of ${output.name} in all. The most changed:`,
      ...sorted
        .slice(0, TOLD)
        .map(
          w =>
            `${sentence(words.span(w.start, w.end))}${w.of === "" ? "" : ` of ${w.of}`}: by ${valueText(Number(w.by.toPrecision(12)))}, in ${counted(w.panes, "late pane")}.`,
        ),
    ],
    facts: { windows: sorted.length, total: sum },
    lines: [],
    timeZone: words.timeZone,
  };
}

const sentence = (text: string): string => text[0].toUpperCase() + text.slice(1);
