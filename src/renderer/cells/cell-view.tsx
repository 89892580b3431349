/** One cell: its head, its source, and what came of it. */
import { kindOf } from "../../notebook/document.ts";
import type { CellSource } from "../../notebook/document.ts";
import { Outputs } from "../outputs/outputs.tsx";
import { MarkdownText } from "../outputs/markdown-text.tsx";
import { cellState } from "../state/session.ts";
import { folded, mode, openSource, selectCell, selectedCell, toggleFold } from "../state/ui.ts";
import { CellHead } from "./cell-head.tsx";
import { CodeCell } from "./code-cell.tsx";
import { LiveBar } from "./live-bar.tsx";

export function CellView({ cell }: { readonly cell: CellSource }) {
  const kind = kindOf(cell.type);
  const selected = selectedCell.value === cell.id;
  const status = cellState(cell.id).value?.status ?? "idle";
  const reading = kind === "markdown" && openSource.value !== cell.id && cell.source.trim() !== "";
  const select = (event: PointerEvent): void => {
    if (selectedCell.peek() === cell.id) return;
    const inside =
      event.target instanceof Element && event.target.closest(".cm-editor, input, select, button, a, table");
    if (inside) selectedCell.value = cell.id;
    else selectCell(cell.id, "command", false);
  };
  return (
    <article
      class="cell"
      data-cell={cell.id}
      data-kind={kind}
      data-status={status}
      data-selected={selected ? "" : undefined}
      data-mode={selected ? mode.value : undefined}
      aria-label={`Cell ${cell.id}`}
      onPointerDown={select}
    >
      {!reading && <CellHead cell={cell} />}
      {!reading && <LiveBar cell={cell.id} sources={cellState(cell.id).value?.live ?? []} />}
      {reading ? (
        <div onDblClick={() => selectCell(cell.id, "edit")}>
          <Reading cell={cell} />
        </div>
      ) : folded.value.has(cell.id) ? (
        <button type="button" class="folded" onClick={() => toggleFold(cell.id)} aria-label="Show the source">
          {cell.source.split("\n").find(line => line.trim() !== "") ?? "(empty)"} …
        </button>
      ) : (
        <CodeCell key={kind} cell={cell} kind={kind} />
      )}
      {!reading && <Outputs cell={cell} kind={kind} />}
    </article>
  );
}

/** A Markdown cell as one reads it: with its values where the session has filled them in, otherwise as it is written. */
function Reading({ cell }: { readonly cell: CellSource }) {
  const state = cellState(cell.id).value;
  const filled = state?.outputs.filter(output => output.kind === "markdown") ?? [];
  if (filled.length === 0) {
    return (
      <div class="outputs">
        <MarkdownText text={cell.source} />
        {state?.error && <Outputs cell={cell} kind="markdown" />}
      </div>
    );
  }
  return <Outputs cell={cell} kind="markdown" />;
}
