/** How charts write numbers: the same everywhere, and as people say them. */
import { formatDuration } from "../model/time.ts";

const GROUPS = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** Writes a number with thousands apart and at most two decimals; small ones keep three figures. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "none";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size > 0 && size < 0.1 ? String(Number(size.toPrecision(3))) : GROUPS.format(size);
  return value < 0 && text !== "0" ? `−${text}` : text;
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** Writes a number for an axis, in short: `1.5K`, `3M`. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  return size < 10_000 ? numberText(value) : `${value < 0 ? "−" : ""}${COMPACT.format(size).replace("K", "k")}`;
}

/** Writes an expression's text as a name: `d => d.amount` is `amount`. */
export function expressionText(source: string): string {
  return /^\(?\s*(\w+)\s*\)?\s*=>\s*\1\.(\w+)$/.exec(source.trim())?.[2] ?? source;
}

/** Writes a difference with its sign. */
export function signedText(value: number): string {
  return value > 0 ? `+${numberText(value)}` : numberText(value);
}

/** Writes a share of 1 as per cent, never rounding something to nothing or a part to all: `0.8 %`, `< 0.01 %`, `99.92 %`. */
export function shareText(share: number): string {
  if (Number.isNaN(share)) return "none";
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  if (percent < 100 && percent > 99.99) return "> 99.99 %";
  const near = Math.min(percent, 100 - percent);
  return `${Number(percent.toFixed(near < 1 ? 2 : near < 10 ? 1 : percent % 1 === 0 ? 0 : 1))} %`;
}

/** Writes a count with its noun: `1 row`, `412 rows`, `no rows`. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return count === 0 ? `no ${plural}` : `${numberText(count)} ${count === 1 ? noun : plural}`;
}

/** Writes a length of time to two or three figures, so that a bin's value does not look exact. */
export function aboutText(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return formatDuration(milliseconds);
  const size = Math.abs(milliseconds);
  const unit = size >= 7_200_000 ? 60_000 : size >= 120_000 ? 1_000 : size >= 1_000 ? 100 : 1;
  return formatDuration(Math.sign(milliseconds) * Math.round(size / unit) * unit);
}
