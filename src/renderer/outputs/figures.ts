/** How the figures of a table's column are written: all with as many decimals as the column needs, so that they stand under each other. */

const formats = Array.from(
  { length: 7 },
  (_, digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** Writes a figure with so many decimals, at most six. */
export function figureText(value: number, decimals: number): string {
  return formats[decimals].format(value);
}

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
