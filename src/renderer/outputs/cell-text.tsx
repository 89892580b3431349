/** How a value of a table stands in its cell. */
import type { JSX } from "preact";
import type { WireColumn } from "../../protocol/table.ts";
import { TimingBadge, timingOf } from "../parts/timing.tsx";
import { timeParts } from "../parts/time.ts";

const badgeColumns: ReadonlySet<string> = new Set(["timing", "fate", "lateness", "verdict"]);

const formats = Array.from(
  { length: 7 },
  (_, digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** Counts the decimals a column needs, at most six, so that its figures stand under each other. */
export function decimalsOf(values: ArrayLike<unknown>, before: number): number {
  let most = before;
  for (let i = 0; i < values.length && most < 6; i++) {
    const value = values[i];
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    while (
      most < 6 &&
      Math.abs(value * 10 ** most - Math.round(value * 10 ** most)) > 1e-6 * Math.max(1, Math.abs(value))
    )
      most++;
  }
  return most;
}

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
      return column.name.endsWith(" Δ")
        ? signed(value as number, formats[decimals])
        : formats[decimals].format(value as number);
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
function signed(value: number, format: Intl.NumberFormat): string {
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${format.format(Math.abs(value))}`;
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
