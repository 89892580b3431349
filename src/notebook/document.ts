/**
 * The notebook as plain data: a title and cells in the order of the page. Everything here is immutable, so an editor can
 * keep earlier versions for undo by keeping references. What the file says in its own way (quotes, spacing, comments,
 * elements of other tools) is kept beside the data as `verbatim` text, so that saving an untouched notebook gives back
 * the file it came from.
 */

/** A name and a value as written in a tag. A bare attribute has the value `""`. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** The exact text of the parts of a cell that are written otherwise than `writeNotebook` would write them. */
export interface CellVerbatim {
  /** What stands between the cell before (or the head) and this cell. */
  readonly before?: string;
  /** The opening tag. */
  readonly open?: string;
  /** What stands between the tags. */
  readonly body?: string;
  /** The closing tag. */
  readonly close?: string;
}

/** One cell of a notebook, as its author wrote it. */
export interface CellSource {
  /** Positive integer, unique in the notebook, never given to another cell even after this one is deleted. */
  readonly id: number;
  /** The `type` attribute, for example `"text/x-typescript"`, `"text/markdown"`; any other text is preserved. */
  readonly type: string;
  /** The text the author sees: lines end in LF, without the indentation of the file. */
  readonly source: string;
  /** All attributes but `id` and `type`, in the order of the file, unknown ones included. */
  readonly attributes: readonly Attribute[];
  readonly verbatim?: CellVerbatim;
}

/** A whole notebook. Made by `emptyNotebook` or `readNotebook`, changed by the functions of `edit.ts`. */
export interface NotebookDocument {
  readonly title: string;
  /** The attributes of the `<notebook>` element, `theme` for example; `next-id` is not among them. */
  readonly attributes: readonly Attribute[];
  readonly cells: readonly CellSource[];
  /** The id of the next cell to be inserted: greater than every id that was ever in use. */
  readonly nextId: number;
  /** The text before the first cell and after the last, where it differs from what `writeNotebook` would write. */
  readonly verbatim?: { readonly head?: string; readonly tail?: string };
}

/** What a cell is, whichever of several `type` attributes says so. `"other"` is preserved and never run. */
export type CellKind = "typescript" | "markdown" | "sql" | "html" | "tex" | "dot" | "other";

const kinds: ReadonlyMap<string, CellKind> = new Map([
  ["text/x-typescript", "typescript"],
  ["module", "typescript"],
  ["text/javascript", "typescript"],
  ["text/markdown", "markdown"],
  ["application/sql", "sql"],
  ["text/html", "html"],
  ["application/x-tex", "tex"],
  ["text/vnd.graphviz", "dot"],
]);

/** The `type` attribute that a new cell of each kind gets. */
export const typeOfKind: Readonly<Record<Exclude<CellKind, "other">, string>> = {
  typescript: "text/x-typescript",
  markdown: "text/markdown",
  sql: "application/sql",
  html: "text/html",
  tex: "application/x-tex",
  dot: "text/vnd.graphviz",
};

/** Tells the kind of a cell from its `type` attribute. */
export function kindOf(type: string): CellKind {
  return kinds.get(type) ?? "other";
}

/** Makes a notebook without cells. */
export function emptyNotebook(title = "Untitled"): NotebookDocument {
  return { title, attributes: [{ name: "theme", value: "air" }], cells: [], nextId: 1 };
}

/** Finds an attribute's value; `undefined` when it is absent, `""` when it is bare. */
export function attributeOf(attributes: readonly Attribute[], name: string): string | undefined {
  return attributes.find(attribute => attribute.name === name)?.value;
}

/** A failure to read a notebook, or to edit one; it names the file and the place. */
export class NotebookError extends Error {
  override readonly name = "NotebookError";
  /** The file, or `"notebook"` where none was named. */
  readonly file: string;
  /** Line in the file, from 1. */
  readonly line: number;
  /** Column in that line, from 1. */
  readonly column: number;

  constructor(message: string, file: string, line: number, column: number) {
    super(`${file}:${line}:${column}: ${message}`);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}
