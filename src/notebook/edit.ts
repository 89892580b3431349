/**
 * The edits of a notebook, as pure functions from one document to the next; a cell that was not touched stays the same
 * object, so that undo is a list of documents and a change is seen by comparing references.
 */
import { attributeOf } from "./document.ts";
import type { Attribute, CellSource, CellVerbatim, NotebookDocument } from "./document.ts";
import { encodeText, normalizeLines, patchTag, scanElements } from "./markup.ts";
import { canonicalHead, canonicalOpen } from "./write.ts";

/** What a new cell is made of; the id is given by `insertCell`. */
export interface NewCell {
  readonly type: string;
  readonly source?: string;
  readonly attributes?: readonly Attribute[];
}

/** Inserts a cell at `index` (0 is the top; the number of cells is the end) under a fresh id. */
export function insertCell(document: NotebookDocument, index: number, cell: NewCell): NotebookDocument {
  return place(document, index, {
    id: document.nextId,
    type: cell.type,
    source: normalizeLines(cell.source ?? ""),
    attributes: cell.attributes ?? [],
  });
}

/** Puts a deleted cell back at `index` under its own id, so that its recorded state is found again. */
export function restoreCell(document: NotebookDocument, index: number, cell: CellSource): NotebookDocument {
  if (document.cells.some(({ id }) => id === cell.id)) {
    throw new RangeError(`notebook: cell ${cell.id} cannot be restored, it is still there`);
  }
  return place(document, index, cell);
}

/** Deletes a cell; its id is not used again. */
export function deleteCell(document: NotebookDocument, id: number): NotebookDocument {
  const index = indexOfCell(document, id);
  return { ...document, cells: document.cells.toSpliced(index, 1) };
}

/** Moves a cell so that it stands at `index` of the resulting order. */
export function moveCell(document: NotebookDocument, id: number, index: number): NotebookDocument {
  const from = indexOfCell(document, id);
  const cells = document.cells.toSpliced(from, 1);
  checkIndex(index, cells.length);
  return from === index ? document : { ...document, cells: cells.toSpliced(index, 0, document.cells[from]) };
}

/** Changes what a cell says; line ends become LF. */
export function changeSource(document: NotebookDocument, id: number, source: string): NotebookDocument {
  const text = normalizeLines(source);
  return change(document, id, cell =>
    cell.source === text ? cell : { ...cell, source: text, verbatim: { ...cell.verbatim, body: undefined } },
  );
}

/** Changes the `type` attribute of a cell, and no other byte of its tag. */
export function changeType(document: NotebookDocument, id: number, type: string): NotebookDocument {
  return change(document, id, cell => (cell.type === type ? cell : reopen({ ...cell, type }, "type", type)));
}

/** Sets an attribute of a cell, `""` for a bare one, or removes it with `undefined`; its other attributes keep their bytes. */
export function changeAttribute(
  document: NotebookDocument,
  id: number,
  name: string,
  value: string | undefined,
): NotebookDocument {
  if (!/^[a-z][a-z0-9-]*$/.test(name) || name === "id" || name === "type") {
    throw new RangeError(
      `notebook: "${name}" cannot be set as an attribute; use lower-case letters, digits and hyphens, not id or type`,
    );
  }
  return change(document, id, cell => {
    if (attributeOf(cell.attributes, name) === value) return cell;
    return reopen({ ...cell, attributes: withAttribute(cell.attributes, name, value) }, name, value);
  });
}

/** Gives the notebook another title. */
export function renameTitle(document: NotebookDocument, title: string): NotebookDocument {
  const renamed = { ...document, title: normalizeLines(title) };
  const head = document.verbatim?.head;
  if (head === undefined || title === document.title) return renamed;
  return { ...renamed, verbatim: { ...document.verbatim, head: patchTitle(head, renamed) } };
}

/** Finds where a cell stands; throws `RangeError` when there is none with that id. */
export function indexOfCell(document: NotebookDocument, id: number): number {
  const index = document.cells.findIndex(cell => cell.id === id);
  if (index < 0) {
    const ids = document.cells.map(cell => cell.id).join(", ");
    throw new RangeError(`notebook: there is no cell ${id}; the cells are ${ids === "" ? "none" : ids}`);
  }
  return index;
}

function place(document: NotebookDocument, index: number, cell: CellSource): NotebookDocument {
  checkIndex(index, document.cells.length);
  const nextId = Math.max(document.nextId, cell.id + 1);
  return { ...document, cells: document.cells.toSpliced(index, 0, cell), nextId };
}

function checkIndex(index: number, most: number): void {
  if (!Number.isInteger(index) || index < 0 || index > most) {
    throw new RangeError(`notebook: a cell cannot stand at index ${index}; use 0 to ${most}`);
  }
}

function change(document: NotebookDocument, id: number, edit: (cell: CellSource) => CellSource): NotebookDocument {
  const index = indexOfCell(document, id);
  const old = document.cells[index];
  const cell = edit(old);
  return cell === old ? document : { ...document, cells: document.cells.with(index, tidy(cell)) };
}

function reopen(cell: CellSource, name: string, value: string | undefined): CellSource {
  const open = cell.verbatim?.open;
  return open === undefined ? cell : { ...cell, verbatim: { ...cell.verbatim, open: patchTag(open, name, value) } };
}

/** Drops verbatim text that says what the writer would say anyway. */
function tidy(cell: CellSource): CellSource {
  const { verbatim, ...plain } = cell;
  if (verbatim === undefined) return cell;
  const kept: { -readonly [part in keyof CellVerbatim]: string } = {};
  for (const part of ["before", "open", "body", "close"] as const) {
    const text = verbatim[part];
    if (text !== undefined && !(part === "open" && text === canonicalOpen(cell))) kept[part] = text;
  }
  return Object.keys(kept).length === 0 ? plain : { ...plain, verbatim: kept };
}

// The order in which Observable's tools write the attributes they know; all others come after, in the order of setting.
const knownOrder = ["pinned", "hidden", "database", "output", "format"];

function withAttribute(
  attributes: readonly Attribute[],
  name: string,
  value: string | undefined,
): readonly Attribute[] {
  const index = attributes.findIndex(attribute => attribute.name === name);
  if (value === undefined) return attributes.toSpliced(index, 1);
  if (index >= 0) return attributes.with(index, { name, value });
  const rank = knownOrder.indexOf(name);
  const later = rank < 0 ? -1 : attributes.findIndex(each => !knownOrder.slice(0, rank).includes(each.name));
  return attributes.toSpliced(later < 0 ? attributes.length : later, 0, { name, value });
}

function patchTitle(head: string, document: NotebookDocument): string {
  for (const { name, tag, contentEnd } of scanElements(head, 0)) {
    if (name === "title" && tag !== null)
      return head.slice(0, tag.end) + encodeText(document.title) + head.slice(contentEnd);
  }
  const canonical = canonicalHead(document);
  return head + canonical.slice(canonical.lastIndexOf("\n"));
}
