/**
 * The open notebook and its history. The shell owns the document: what a cell does can't lose a user's work.
 *
 * Cell operations are kept with their inverses rather than as earlier documents, so that undoing a deletion doesn't undo
 * what was typed elsewhere since; the text within a cell has its editor's own history.
 */
import { batch, computed, signal } from "@preact/signals";
import { kindOf, typeOfKind } from "../../notebook/document.ts";
import type { CellSource, NotebookDocument } from "../../notebook/document.ts";
import {
  changeSource,
  changeType,
  deleteCell,
  indexOfCell,
  insertCell,
  moveCell,
  renameTitle,
  restoreCell,
} from "../../notebook/edit.ts";
import { writeNotebook } from "../../notebook/write.ts";

/** The file behind the notebook, as the host named it. */
export interface OpenFile {
  readonly handle: string;
  readonly name: string;
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

interface Operation {
  readonly label: string;
  apply(document: NotebookDocument): NotebookDocument;
  revert(document: NotebookDocument): NotebookDocument;
}

/** A deleted cell, with the place it had. */
export interface Binned {
  readonly cell: CellSource;
  readonly index: number;
}

export const file = signal<OpenFile | null>(null);
export const notebook = signal<NotebookDocument | null>(null);
/** The text that is on the disk. */
export const savedText = signal("");
export const text = computed(() => (notebook.value === null ? "" : writeNotebook(notebook.value)));
export const unsaved = computed(() => notebook.value !== null && text.value !== savedText.value);
export const bin = signal<readonly Binned[]>([]);

const past = signal<readonly Operation[]>([]);
const future = signal<readonly Operation[]>([]);
/** What undo and redo would do, for menus; null when there is nothing. */
export const undoLabel = computed(() => past.value.at(-1)?.label ?? null);
export const redoLabel = computed(() => future.value.at(-1)?.label ?? null);

/** Shows another notebook, with an empty history. */
export function showNotebook(document: NotebookDocument, opened: OpenFile, onDisk: string): void {
  batch(() => {
    notebook.value = document;
    file.value = opened;
    savedText.value = onDisk;
    past.value = [];
    future.value = [];
    bin.value = [];
  });
}

export function cellWithId(id: number): CellSource | undefined {
  return notebook.peek()?.cells.find(cell => cell.id === id);
}

/** Takes what was typed into a cell. */
export function typeInto(id: number, source: string): void {
  change(document => changeSource(document, id, source));
}

export function setTitle(title: string): void {
  change(document => renameTitle(document, title));
}

/** Adds a cell at an index, empty unless `source` is given; gives its id. */
export function addCell(index: number, kind: "typescript" | "markdown", source = ""): number {
  let cell: CellSource | null = null;
  perform({
    label: "add a cell",
    apply: document => {
      if (cell !== null) return restoreCell(document, clamp(index, document), cell);
      const next = insertCell(document, clamp(index, document), { type: typeOfKind[kind], source });
      cell = next.cells[clamp(index, document)];
      return next;
    },
    revert: document => {
      cell = document.cells[indexOfCell(document, cell!.id)];
      return deleteCell(document, cell.id);
    },
  });
  return cell!.id;
}

/** Puts a cell into the bin. */
export function removeCell(id: number): void {
  let binned: Binned | null = null;
  perform({
    label: "delete the cell",
    apply: document => {
      const index = indexOfCell(document, id);
      binned = { cell: document.cells[index], index };
      bin.value = [binned, ...bin.value];
      return deleteCell(document, id);
    },
    revert: document => {
      bin.value = bin.value.filter(each => each !== binned);
      return restoreCell(document, clamp(binned!.index, document), binned!.cell);
    },
  });
}

/** Takes a cell out of the bin, to where it was. */
export function restoreFromBin(binned: Binned): void {
  perform({
    label: "restore the cell",
    apply: document => {
      bin.value = bin.value.filter(each => each !== binned);
      return restoreCell(document, clamp(binned.index, document), binned.cell);
    },
    revert: document => {
      bin.value = [binned, ...bin.value];
      return deleteCell(document, binned.cell.id);
    },
  });
}

/** Moves a cell up (-1) or down (1). */
export function shiftCell(id: number, by: -1 | 1): void {
  const document = notebook.peek();
  if (document === null) return;
  const from = indexOfCell(document, id);
  const to = from + by;
  if (to < 0 || to >= document.cells.length) return;
  perform({
    label: "move the cell",
    apply: each => moveCell(each, id, Math.min(to, each.cells.length - 1)),
    revert: each => moveCell(each, id, Math.min(from, each.cells.length - 1)),
  });
}

/** Makes a cell Markdown or TypeScript. */
export function changeKind(id: number, kind: "typescript" | "markdown"): void {
  const before = cellWithId(id)?.type;
  if (before === undefined || kindOf(before) === kind) return;
  perform({
    label: "change the kind",
    apply: document => changeType(document, id, typeOfKind[kind]),
    revert: document => changeType(document, id, before),
  });
}

/** Gives several cells other sources as one step; undoing it leaves cells alone that were edited since. */
export function replaceSources(sources: ReadonlyMap<number, string>): void {
  const before = new Map<number, string>();
  for (const id of sources.keys()) before.set(id, cellWithId(id)?.source ?? "");
  const swap = (document: NotebookDocument, from: ReadonlyMap<number, string>, to: ReadonlyMap<number, string>) =>
    document.cells
      .filter(cell => to.has(cell.id) && cell.source === from.get(cell.id))
      .reduce((next, cell) => changeSource(next, cell.id, to.get(cell.id)!), document);
  perform({
    label: "replace in all cells",
    apply: document => swap(document, before, sources),
    revert: document => swap(document, sources, before),
  });
}

/** Gives a cell another source as one step; undoing it leaves the cell alone if it was edited since. */
export function changeCell(id: number, source: string, label: string): void {
  const before = cellWithId(id)?.source;
  if (before === undefined) return;
  const swap = (document: NotebookDocument, from: string, to: string): NotebookDocument =>
    document.cells.some(cell => cell.id === id && cell.source === from) ? changeSource(document, id, to) : document;
  perform({
    label,
    apply: document => swap(document, before, source),
    revert: document => swap(document, source, before),
  });
}

/** Takes back the last cell operation that can still be taken back; gives its label, or null. */
export function undo(): string | null {
  return travel(past, future, (operation, document) => operation.revert(document));
}

export function redo(): string | null {
  return travel(future, past, (operation, document) => operation.apply(document));
}

function travel(
  from: typeof past,
  to: typeof past,
  step: (operation: Operation, document: NotebookDocument) => NotebookDocument,
): string | null {
  const operation = from.peek().at(-1);
  if (operation === undefined || notebook.peek() === null) return null;
  batch(() => {
    from.value = from.value.slice(0, -1);
    to.value = [...to.value, operation];
    change(document => step(operation, document));
  });
  return operation.label;
}

function perform(operation: Operation): void {
  batch(() => {
    change(operation.apply);
    past.value = [...past.value.slice(-199), operation];
    future.value = [];
  });
}

function change(edit: (document: NotebookDocument) => NotebookDocument): void {
  const document = notebook.peek();
  if (document !== null) notebook.value = edit(document);
}

function clamp(index: number, document: NotebookDocument): number {
  return Math.min(Math.max(index, 0), document.cells.length);
}
