/**
 * Reads a notebook from Observable's Notebooks 2.0 HTML without a DOM and without losing a byte: what is written in
 * another way than ours (quotes, spacing, comments, elements of other tools) is kept as `verbatim` text.
 */
import { attributeOf, NotebookError } from "./document.ts";
import type { Attribute, CellSource, CellVerbatim, NotebookDocument } from "./document.ts";
import {
  decodeBody,
  decodeEntities,
  encodeBody,
  normalizeLines,
  patchTag,
  scanElements,
  Unterminated,
} from "./markup.ts";
import type { Element, Tag } from "./markup.ts";
import { canonicalBefore, canonicalClose, canonicalHead, canonicalOpen, canonicalTail } from "./write.ts";

/** How to read: both have defaults. */
export interface ReadOptions {
  /** Names the file in errors; defaults to `"notebook"`. */
  readonly file?: string;
  /** Hears of what was mended while reading: a cell whose id was missing, malformed or taken. */
  readonly onNote?: (note: { readonly line: number; readonly cell: number; readonly message: string }) => void;
}

/**
 * Parses the text of a notebook file. Throws `NotebookError` with file, line and column when there is no `<notebook>`
 * element, or when a tag, a comment or a cell is opened and never closed.
 */
export function readNotebook(input: string, options: ReadOptions = {}): NotebookDocument {
  const text = normalizeLines(input);
  const file = options.file ?? "notebook";
  const found = findParts(text, file);
  const ids = assignIds(found.scripts);

  // The head ends with the title where that stands before the cells, as it does in every file that a tool wrote.
  const title = found.title;
  const first = found.scripts.at(0)?.start ?? Number.POSITIVE_INFINITY;
  const headEnd = title !== null && title.start < first ? Math.max(title.end, found.notebook.end) : found.notebook.end;
  let before = headEnd;
  const cells = found.scripts.map((script, index) => {
    const cell = readCell(text, script, before, ids[index].id);
    before = script.end;
    if (ids[index].problem !== null) {
      const line = lineAt(text, script.start);
      options.onNote?.({
        line,
        cell: ids[index].id,
        message: `${ids[index].problem}; the cell is given id ${ids[index].id}`,
      });
    }
    return cell;
  });

  const written = Number(attributeOf(found.notebook.tag.attributes, "next-id"));
  const nextId = Math.max(Number.isSafeInteger(written) ? written : 1, ...ids.map(({ id }) => id + 1));
  const document: NotebookDocument = {
    title: title === null ? "Untitled" : decodeEntities(text.slice(title.tag.end, title.contentEnd)),
    attributes: plainAttributes(found.notebook.tag.attributes, ["next-id"]),
    cells,
    nextId,
  };

  // The head is compared without `next-id`, which the writer adds and takes away by itself.
  const tagEnd = found.notebook.tag.end;
  const open = patchTag(text.slice(found.notebook.start, tagEnd), "next-id", undefined);
  const plainHead = text.slice(0, found.notebook.start) + open + text.slice(tagEnd, headEnd);
  const verbatim: { head?: string; tail?: string } = {};
  if (plainHead !== canonicalHead(document)) verbatim.head = text.slice(0, headEnd);
  if (text.slice(before) !== canonicalTail) verbatim.tail = text.slice(before);
  return Object.keys(verbatim).length === 0 ? document : { ...document, verbatim };
}

type OpenElement = Element & { readonly tag: Tag };

function findParts(
  text: string,
  file: string,
): { notebook: OpenElement; title: OpenElement | null; scripts: OpenElement[] } {
  let notebook: OpenElement | null = null;
  let title: OpenElement | null = null;
  let closed = false;
  const scripts: OpenElement[] = [];
  try {
    for (const element of scanElements(text, 0)) {
      if (element.tag === null) {
        if (element.name === "notebook" && notebook !== null) closed = true;
      } else {
        const open = { ...element, tag: element.tag };
        if (element.name === "notebook") notebook ??= open;
        else if (element.name === "title") title ??= open;
        else if (element.name === "script" && notebook !== null && !closed) scripts.push(open);
      }
    }
  } catch (error) {
    if (!(error instanceof Unterminated)) throw error;
    throw failure(text, error.offset, file, `${error.message}; close it, or restore the file from a version`);
  }
  if (notebook === null) {
    throw failure(
      text,
      0,
      file,
      "there is no <notebook> element; a notebook starts with <!doctype html> and <notebook>",
    );
  }
  return { notebook, title, scripts };
}

function failure(text: string, offset: number, file: string, message: string): NotebookError {
  const column = offset - text.lastIndexOf("\n", offset - 1);
  return new NotebookError(message, file, lineAt(text, offset), offset === 0 ? 1 : column);
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** Keeps every id that is a positive integer and the first of its kind; all others get fresh ones above the greatest. */
function assignIds(scripts: readonly OpenElement[]): { id: number; problem: string | null }[] {
  const taken = new Set<number>();
  const ids = scripts.map(script => {
    const text = attributeOf(script.tag.attributes, "id");
    if (text === undefined) return { id: 0, problem: "a cell has no id" };
    const id = /^\d+$/.test(text) ? Number(text) : 0;
    if (!Number.isSafeInteger(id) || id <= 0) return { id: 0, problem: `the id "${text}" is not a positive integer` };
    if (taken.has(id)) return { id: 0, problem: `the id ${id} is in use by a cell above` };
    taken.add(id);
    return { id, problem: null };
  });
  let next = Math.max(0, ...taken);
  return ids.map(each => (each.problem === null ? each : { id: ++next, problem: each.problem }));
}

function readCell(text: string, script: OpenElement, from: number, id: number): CellSource {
  const { tag } = script;
  const body = text.slice(tag.end, script.contentEnd);
  const cell: CellSource = {
    id,
    type: attributeOf(tag.attributes, "type") ?? "module",
    source: decodeBody(body),
    attributes: plainAttributes(tag.attributes, ["id", "type"]),
  };
  const verbatim: { -readonly [part in keyof CellVerbatim]: string } = {};
  const before = text.slice(from, script.start);
  if (before !== canonicalBefore) verbatim.before = before;
  const written = text.slice(script.start, tag.end);
  // An id that is a number in another spelling ("07") stays as it is; a mended one is written.
  const open = Number(attributeOf(tag.attributes, "id")) === id ? written : patchTag(written, "id", String(id));
  if (open !== canonicalOpen(cell)) verbatim.open = open;
  if (body !== encodeBody(cell.source)) verbatim.body = body;
  const close = text.slice(script.contentEnd, script.end);
  if (close !== canonicalClose) verbatim.close = close;
  return Object.keys(verbatim).length === 0 ? cell : { ...cell, verbatim };
}

function plainAttributes(attributes: readonly Attribute[], without: readonly string[]): Attribute[] {
  return attributes.filter(({ name }) => !without.includes(name)).map(({ name, value }) => ({ name, value }));
}
