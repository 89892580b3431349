/** Leads from a place in the code that runs back to the place in the cell that its author wrote. */
import type { Insertion, Position } from "./analyze.ts";

/**
 * Maps a place in compiled code to the author's source, in two steps: back through the source map to the text with the
 * insertions, then back through the insertions. Lines and columns count from 1.
 */
export function originalPosition(
  code: { readonly source: string; readonly mappings: string; readonly insertions: readonly Insertion[] },
  at: Position,
): Position {
  const lines = code.source.split("\n");
  const { line, column } = followMap(code.mappings, at.line - 1, at.column - 1);
  if (line >= lines.length) return { line: lines.length, column: lines[lines.length - 1].length + 1 };
  let start = 0;
  for (let index = 0; index < line; index += 1) start += lines[index].length + 1;
  let shift = 0;
  for (const { at: offset, text } of code.insertions) {
    if (offset < start || offset > start + lines[line].length) continue;
    const begin = offset - start + shift;
    if (column < begin) break;
    if (column < begin + text.length) return { line: line + 1, column: offset - start + 1 };
    shift += text.length;
  }
  return { line: line + 1, column: Math.min(column - shift, lines[line].length) + 1 };
}

/** Finds the source place of a generated one, both counted from 0, in the `mappings` of a source map with one source. */
function followMap(mappings: string, line: number, column: number): { line: number; column: number } {
  let sourceLine = 0;
  let sourceColumn = 0;
  let best = { line, column };
  let generatedLine = 0;
  for (const row of mappings.split(";")) {
    let generated = 0;
    for (const segment of row === "" ? [] : row.split(",")) {
      const fields = decodeSegment(segment);
      generated += fields[0];
      if (fields.length < 4) continue;
      sourceLine += fields[2];
      sourceColumn += fields[3];
      if (generatedLine === line && generated <= column)
        best = { line: sourceLine, column: sourceColumn + column - generated };
    }
    if (generatedLine++ === line) return best;
  }
  return best;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Decodes the base-64 variable-length numbers of one segment. */
function decodeSegment(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const char of segment) {
    const digit = digits.indexOf(char);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit >= 32) continue;
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}
