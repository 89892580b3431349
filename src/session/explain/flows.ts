/** The story of a bar of `balanceVsFlow`, or of the way from one snapshot to the next: the flows in it, the largest first. */
import type { Slices } from "../../engine/slices.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import type { Run } from "../../engine/run.ts";
import type { Node } from "../../pipeline/node.ts";
import { after } from "./dropped.ts";
import { numberOf, rowsInto, type Values } from "./asked.ts";
import type { Explanation } from "./explanation.ts";
import { windowedBelow } from "./history.ts";
import { type NamedRow, Origins, subjectOf } from "./lines.ts";
import { evaluatorsOf, type Seen, Watch } from "./sight.ts";
import { counted, valueText, Words } from "./words.ts";
import { linesOf, zoneOf } from "./window.ts";

const TOLD = 4;

/**
 * Tells of the flows after `event_time` and up to `event_time_until`, whose value the expression `amount` reads; with `closed` at the
 * `"start"` from the first on and before the second. Null where it is not said what a flow's value is.
 */
export function* flowsStory(stream: Node, values: Values, run: Run): Slices<Explanation | null> {
  const [start, end] = ["event_time", "event_time_until"].map(name => numberOf(values, name));
  const amount = values["amount"] as unknown as RowExpression | null;
  if (amount === null || typeof amount !== "object" || Number.isNaN(end)) return null;
  const rows = rowsInto(stream);
  const origins = new Origins(rows, run);
  let schema: Seen["batch"]["schema"] | null = null;
  let evaluate: ReturnType<typeof evaluatorsOf> = [];
  const found: (NamedRow & { readonly value: number })[] = [];
  yield* run.looking([
    ...origins.taps,
    new Watch(rows, row => {
      if (!(row.time > start - (values["closed"] === "start" ? 1 : 0)) || row.weight < 0) return;
      if (values["closed"] === "start" ? row.time >= end : row.time > end) return;
      if (row.batch.schema !== schema) {
        ({ schema } = row.batch);
        evaluate = evaluatorsOf([amount], schema);
      }
      const value = evaluate[0](row);
      found.push({
        time: row.time,
        arrived: row.clock,
        value: typeof value === "number" ? value : 0,
        ...origins.of(row.position),
      });
    }),
  ]);
  const words = new Words(zoneOf(windowedBelow(stream)));
  const sum = (keep: (value: number) => boolean): string =>
    valueText(Number(found.reduce((n, f) => (keep(f.value) ? n + f.value : n), 0).toPrecision(12)));
  if (found.length === 0)
    return {
      sentences: [`No flow of ${words.span(start, end)} has arrived.`],
      facts: { ...values, flows: 0 },
      lines: [],
      timeZone: words.timeZone,
    };
  const late = found.filter(f => f.arrived > end);
  found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const sentences = [
    `${counted(found.length, "flow")} of ${words.span(start, end)}: ${sum(v => v > 0)} in, ${sum(v => v < 0)} out, ${sum(() => true)} in all.`,
  ];
  if (late.length > 0)
    sentences.push(
      `${counted(late.length, "flow")} of them, ${valueText(Number(late.reduce((n, f) => n + f.value, 0).toPrecision(12)))} in all, arrived only after ${words.at(end)}, so that the balance was restated.`,
    );
  sentences.push(
    found.length === 1 ? "It is:" : "The largest:",
    ...found
      .slice(0, TOLD)
      .map(
        f => `${subjectOf(f)}: ${valueText(f.value)}, of ${words.at(f.time)}, arrived ${after(f.arrived - f.time)}.`,
      ),
  );
  return {
    sentences,
    facts: { ...values, flows: found.length, late: late.length },
    lines: linesOf(found),
    timeZone: words.timeZone,
  };
}
