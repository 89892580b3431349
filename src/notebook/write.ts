/**
 * Writes a notebook as Observable's Notebooks 2.0 HTML. Laws, tested on random notebooks: `readNotebook(writeNotebook(x))`
 * is `x`, and `writeNotebook(readNotebook(f))` is `f` for every
 * file with LF line ends, distinct positive cell ids and no superfluous `next-id`.
 */
import type { CellSource, NotebookDocument } from "./document.ts";
import { encodeBody, encodeText, patchTag, scanElements, writeTag } from "./markup.ts";

/** Renders a notebook as the text of its file: LF line ends, one final newline. */
export function writeNotebook(document: NotebookDocument): string {
  const head = writeHead(document);
  const tail = document.verbatim?.tail ?? canonicalTail;
  return head + document.cells.map(writeCell).join("") + tail;
}

/** What follows the last cell unless the file had something else there. */
export const canonicalTail = "\n</notebook>\n";

/** What stands before a cell unless the file had something else there. */
export const canonicalBefore = "\n  ";

/** The closing tag of a cell unless it is written otherwise. */
export const canonicalClose = "</script>";

/** Writes the opening tag of a cell as `writeNotebook` does when nothing verbatim is kept. */
export function canonicalOpen(cell: CellSource): string {
  return writeTag("script", [
    { name: "id", value: String(cell.id) },
    { name: "type", value: cell.type },
    ...cell.attributes,
  ]);
}

/** Writes what comes before the first cell, as `writeNotebook` does when nothing verbatim is kept. */
export function canonicalHead(document: NotebookDocument): string {
  return `<!doctype html>\n${writeTag("notebook", document.attributes)}\n  <title>${encodeText(document.title)}</title>`;
}

function writeCell(cell: CellSource): string {
  const verbatim = cell.verbatim;
  const before = verbatim?.before ?? canonicalBefore;
  const open = verbatim?.open ?? canonicalOpen(cell);
  const body = verbatim?.body ?? encodeBody(cell.source);
  return before + open + body + (verbatim?.close ?? canonicalClose);
}

/**
 * Writes the head with a `next-id` attribute where it is needed: only when the newest cells were deleted, since otherwise
 * the next id follows from the greatest one in the file. Other tools ignore it.
 */
function writeHead(document: NotebookDocument): string {
  const head = document.verbatim?.head ?? canonicalHead(document);
  const implied = document.cells.reduce((most, cell) => Math.max(most, cell.id), 0) + 1;
  return patchHead(head, document.nextId > implied ? String(document.nextId) : undefined);
}

/** Sets or removes `next-id` in the `<notebook>` tag of a head, and nothing else. */
function patchHead(head: string, nextId: string | undefined): string {
  for (const element of scanElements(head, 0)) {
    if (element.name !== "notebook" || element.tag === null) continue;
    const open = patchTag(head.slice(element.start, element.tag.end), "next-id", nextId);
    return head.slice(0, element.start) + open + head.slice(element.tag.end);
  }
  return head;
}
