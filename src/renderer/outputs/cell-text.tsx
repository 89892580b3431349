/** How a value of a table stands in its cell. */
import type { JSX } from "preact";
import type { WireColumn } from "../../protocol/table.ts";
import { TimingBadge, timingOf } from "../parts/timing.tsx";
import { timeParts } from "../parts/time.ts";
import { figureText } from "./figures.ts";

const badgeColumns: ReadonlySet<string> = new Set(["timing", "fate", "lateness", "verdict"]);

export function isRight(column: WireColumn): boolean {
  return column.type === "number";
}

/** Shows the value of a row; `row` counts within the page. */
export function cellText(column: WireColumn, row: number, zone: string, decimals: number): JSX.Element | string {
  const value = column.values[row];
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) {
    return <span class="null">–</span>;
  }
  switch (column.type) {
    case "timestamp":
      return <Instant ms={value as number} before={row > 0 ? (column.values[row - 1] as number) : null} zone={zone} />;
    case "number":
      return column.name.endsWith(" Δ") ? signed(value as number, decimals) : figureText(value as number, decimals);
    case "boolean":
      return value ? "true" : "false";
    case "string": {
      const timing = badgeColumns.has(column.name) ? timingOf(value) : null;
      return timing === null ? String(value) : <TimingBadge timing={timing} text={String(value)} />;
    }
    case "json":
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

/** Writes a difference with its sign, as a difference of two replays is written. */
function signed(value: number, decimals: number): string {
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${figureText(Math.abs(value), decimals)}`;
}

/** A time with its date; the date steps back where it is that of the row above. */
function Instant({ ms, before, zone }: { readonly ms: number; readonly before: number | null; readonly zone: string }) {
  const { date, time, millis } = timeParts(ms, zone);
  const same = before !== null && !Number.isNaN(before) && timeParts(before, zone).date === date;
  return (
    <>
      {date !== "" && <span class={same ? "same-date" : undefined}>{date}</span>} {time}
      {millis !== "" && <span class="same-date">{millis}</span>}
    </>
  );
}
