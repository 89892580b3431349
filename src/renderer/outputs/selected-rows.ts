/** A cell with the rows that were selected in a chart. */
import type { RowsBelow } from "../../protocol/session.ts";

/** A rectangle of a chart of event time against processing time, ms. */
export interface SelectedTimes {
  readonly event: readonly [number, number];
  readonly arrival: readonly [number, number];
}

/** Writes the cell that filters a source for the selected times; `taken` holds the names that are in use. */
export function cellOfSelection(
  rows: RowsBelow,
  { event, arrival }: SelectedTimes,
  taken: ReadonlySet<string>,
): string {
  const limits = [
    ...limitsOf(rows.eventTime, event),
    ...(rows.arrivalTime === null ? [] : limitsOf(rows.arrivalTime, arrival)),
  ];
  let name = "selected";
  for (let i = 2; taken.has(name); i++) name = `selected${i}`;
  return `const ${name} = ${rows.stream}.filter(d =>\n  ${limits.join(" &&\n  ")}\n);`;
}

function limitsOf(column: string, [from, to]: readonly [number, number]): string[] {
  const read = /^[A-Za-z_$][\w$]*$/.test(column) ? `d.${column}` : `d[${JSON.stringify(column)}]`;
  const moment = (ms: number): string => `op.parse_date(${JSON.stringify(new Date(ms).toISOString())})`;
  return [`${read} >= ${moment(Math.floor(from))}`, `${read} <= ${moment(Math.ceil(to))}`];
}
