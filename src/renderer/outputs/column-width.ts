/** How wide the columns of a table are: as wide as what was seen of them, and never narrower again. */
import type { WireColumn } from "../../protocol/table.ts";
import { figureText } from "./figures.ts";

const widest = 340;
/** Padding on both sides, and the line between columns. */
const padding = 26;
/** Cells of a page that are looked at. */
const looked = 200;

/** The width a column needs for what was seen of it so far, px; `decimals` is how many its figures are written with. */
export function columnWidth(column: WireColumn, decimals: number, before: number): number {
  const heading = column.name.length * 7.6 + 34 + (column.type === "timestamp" ? 44 : 0);
  let content = 0;
  if (column.type === "timestamp") content = hasMillis(column) ? 206 : 176;
  else if (column.type === "number") content = 64;
  const most = Math.min(column.values.length, looked);
  if (column.type !== "timestamp") {
    for (let i = 0; i < most; i++) {
      const value = column.values[i];
      const text =
        typeof value === "number" ? figureText(value, decimals) : typeof value === "string" ? value : "false";
      content = Math.max(content, lettersWidth(text) + padding);
    }
  }
  // A figure that is cut says another one; only texts are.
  const limit = column.type === "number" ? Infinity : widest;
  return Math.max(before, Math.min(Math.max(Math.min(heading, widest), content), limit));
}

/** About how wide a text is in the table's face, px. */
function lettersWidth(text: string): number {
  let width = 0;
  for (let i = 0; i < Math.min(text.length, 60); i++) {
    const letter = text[i];
    if (letter >= "A" && letter <= "Z") width += 9;
    else if (letter >= "0" && letter <= "9") width += 8.2;
    else width += ".,:;il|'-/ ".includes(letter) ? 4.8 : 7.2;
  }
  return width;
}

function hasMillis(column: WireColumn): boolean {
  const most = Math.min(column.values.length, looked);
  for (let i = 0; i < most; i++) if (Number(column.values[i]) % 1000 !== 0) return true;
  return false;
}
