/**
 * The times of rows as columns, for charts that need values beside them: a source's rows carry both times in the columns
 * that it names, as long as no `select` drops them.
 */
import type { ExpressionInput } from "../expressions/parse.ts";
import { parseExpression } from "../expressions/parse.ts";
import type { RowExpression } from "../expressions/tree.ts";
import type { Stream } from "../pipeline/stream.ts";
import { rowsInto, sourcesBelow } from "./twins.ts";

/** The rows below a stream with `event_time`, `arrived_at` (null where the source has no arrival column) and `amount`. */
export function timedRows(stream: Stream, chart: string, amount: RowExpression): Stream {
  const rows = rowsInto(stream);
  const source = sourcesBelow(rows.node)[0];
  if (source === undefined) throw new Error(`${chart} needs a stream that comes from a source.`);
  const column = (name: string): string => `d => d[${JSON.stringify(name)}]`;
  return rows.ungroup().derive({
    event_time: column(source.eventTime.column),
    arrived_at: column((source.arrivalTime ?? source.eventTime).column),
    amount,
  });
}

/** The expression that writes the keys of a row as one text, as `keyTexts` does for those who draw. */
export function keyText(keys: readonly string[]): string {
  const texts = keys.map(k => `(d[${JSON.stringify(k)}] == null ? "none" : "" + d[${JSON.stringify(k)}])`);
  return texts.length === 0 ? '""' : texts.join(' + " · " + ');
}

/** Reads the amount of a chart's options: a column's name or an expression. Plain data, so that the chart stays so. */
export function amountOf(amount: ExpressionInput | undefined, chart: string): RowExpression {
  if (amount === undefined)
    throw new Error(`${chart} needs the amount of a flow: ${chart}(payments, {amount: d => d.amount}).`);
  return parseExpression(amount);
}
