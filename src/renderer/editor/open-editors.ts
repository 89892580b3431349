/** The editors that are on the page, by cell, for those who want to show a place in one. */
import type { EditorView } from "@codemirror/view";

const editors = new Map<number, EditorView>();

/** Remembers a cell's editor; gives the way to forget it. */
export function keepEditor(cell: number, view: EditorView): () => void {
  editors.set(cell, view);
  return () => {
    if (editors.get(cell) === view) editors.delete(cell);
  };
}

/** Selects a range in a cell's editor and scrolls to it; nothing happens where the source is not shown. */
export function showRange(cell: number, from: number, to: number): void {
  const view = editors.get(cell);
  if (view === undefined || to > view.state.doc.length) return;
  view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
}
