/** The outline of a notebook: its headings and definitions, found without running anything. */
import { analyzeCell } from "./analyze.ts";
import type { CellAnalysis, Definition } from "./analyze.ts";
import { kindOf } from "./document.ts";
import type { CellSource } from "./document.ts";

/** An entry of the outline; lines and columns count from 1 within the cell. */
export type OutlineEntry =
  | {
      readonly kind: "heading";
      readonly cell: number;
      readonly line: number;
      readonly level: number;
      readonly text: string;
    }
  | {
      readonly kind: "definition";
      readonly cell: number;
      readonly line: number;
      readonly column: number;
      readonly name: string;
      readonly declaration: Definition["kind"];
    };

/** Lists the headings of Markdown cells and the definitions of all, in the order of the page. `analyze` may bring a cache. */
export function outline(
  cells: readonly CellSource[],
  analyze: (cell: CellSource) => CellAnalysis = analyzeCell,
): OutlineEntry[] {
  return cells.flatMap(cell => [
    ...(kindOf(cell.type) === "markdown" ? headings(cell) : []),
    ...definitions(cell, analyze(cell)),
  ]);
}

function definitions(cell: CellSource, analysis: CellAnalysis): OutlineEntry[] {
  return analysis.outputs.map(({ name, kind, line, column }) => ({
    kind: "definition",
    cell: cell.id,
    line,
    column,
    name,
    declaration: kind,
  }));
}

/** Finds headings marked by `#` and by underlines, outside of fenced code. The text is that of the source, without its marks. */
function headings(cell: CellSource): OutlineEntry[] {
  const found: OutlineEntry[] = [];
  const lines = cell.source.split("\n");
  let fence: string | null = null;
  lines.forEach((line, index) => {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence !== null) {
      if (mark !== null && mark[1].startsWith(fence) && mark[2].trim() === "") fence = null;
      return;
    }
    if (mark !== null && !(mark[1].startsWith("`") && mark[2].includes("`"))) {
      fence = mark[1];
      return;
    }
    const hashes = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/.exec(line);
    if (hashes !== null)
      found.push({
        kind: "heading",
        cell: cell.id,
        line: index + 1,
        level: hashes[1].length,
        text: plainText(hashes[2] ?? ""),
      });
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(line);
    const above = lines[index - 1] ?? "";
    // A line under a list, a quote, a table or nothing at all is a rule and makes no heading.
    if (underline !== null && above.trim() !== "" && !/^ {0,3}(?:[-*+>#|]|\d+[.)])|^ {4}/.test(above)) {
      found.push({
        kind: "heading",
        cell: cell.id,
        line: index,
        level: underline[1].startsWith("=") ? 1 : 2,
        text: plainText(above),
      });
    }
  });
  return found;
}

function plainText(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(\*\*|__|[*_`])(.+?)\1/g, "$2")
    .trim();
}
