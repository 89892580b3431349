/** How figures and tables are written in the report. */

export function figure(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(3)).toString();
}

export function gigabytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

/** Writes a table as Markdown: the first column to the left, those of figures to the right. */
export function table(head, rows) {
  const numbers = head.map((_, c) => c > 0 && rows.every(row => /^[×–\d]/.test(row[c])));
  return [
    `| ${head.join(" | ")} |`,
    `|${numbers.map(right => (right ? "--:" : "---")).join("|")}|`,
    ...rows.map(row => `| ${row.join(" | ")} |`),
    "",
  ];
}
