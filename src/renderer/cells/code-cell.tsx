/** The source of a cell in its editor. The editor is made when the cell comes near the screen, and then stays. */
import { useSignal } from "@preact/signals";
import type { EditorView } from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { CellKind, CellSource } from "../../notebook/document.ts";
import { createEditor, showError, showSource } from "../editor/code-editor.ts";
import { keepEditor } from "../editor/open-editors.ts";
import { cellWithId, typeInto } from "../state/notebook.ts";
import { cellState, ranSources } from "../state/session.ts";
import { mode, selectedCell } from "../state/ui.ts";

const editable: ReadonlySet<CellKind> = new Set(["typescript", "markdown"]);

export function CodeCell({ cell, kind }: { readonly cell: CellSource; readonly kind: CellKind }) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | null>(null);
  // A cell that was just made or opened takes what is typed at once.
  const near = useSignal(selectedCell.peek() === cell.id && mode.peek() === "edit");
  const readOnly = !editable.has(kind);
  const error = cellState(cell.id).value?.error ?? null;

  useEffect(() => {
    const observer = new IntersectionObserver(
      entries => {
        if (entries.some(entry => entry.isIntersecting)) near.value = true;
      },
      { rootMargin: "1200px" },
    );
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (!near.value) return;
    const view = createEditor({
      parent: place.current!,
      kind,
      source: cell.source,
      label: `Source of cell ${cell.id}`,
      readOnly,
      onChange: source => typeInto(cell.id, source),
      onFocus: () => {
        selectedCell.value = cell.id;
        mode.value = "edit";
      },
    });
    editor.current = view;
    const forget = keepEditor(cell.id, view);
    if (selectedCell.peek() === cell.id && mode.peek() === "edit") view.focus();
    return () => {
      editor.current = null;
      forget();
      view.destroy();
    };
  }, [near.value, cell.id, kind]);

  // What was typed since this was rendered is in the store already: the store is what counts, not the older text rendered.
  useEffect(() => {
    const present = cellWithId(cell.id);
    if (editor.current !== null && present !== undefined) showSource(editor.current, present.source);
  }, [cell.source]);

  // The mark stands where the error was; once the text differs from what ran, the place may no longer be there.
  const current = ranSources.value.get(cell.id) === cell.source;
  useEffect(() => {
    if (editor.current !== null) showError(editor.current, current ? error : null);
  }, [error, current, near.value]);

  return (
    <div class="editor" data-readonly={readOnly ? "" : undefined} ref={place}>
      {!near.value && <pre>{cell.source}</pre>}
    </div>
  );
}
