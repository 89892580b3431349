/** The notebook in the middle: what has to be said about it first, then its cells. */
import { useEffect } from "preact/hooks";
import { insertAt } from "../commands/actions.ts";
import { openProblem } from "../state/files.ts";
import { notebook } from "../state/notebook.ts";
import { findShown } from "../state/find.ts";
import { overlay } from "../state/ui.ts";
import { FindBar } from "../frame/find-bar.tsx";
import { Banners } from "./banners.tsx";
import { CellView } from "./cell-view.tsx";

export function NotebookView() {
  const document = notebook.value;
  const title = document?.title ?? null;
  useEffect(() => {
    globalThis.document.title = title === null ? "Tidemark" : `${title} · Tidemark`;
  }, [title]);
  return (
    <main class="notebook scroll" tabIndex={-1} aria-label="Notebook">
      {findShown.value && <FindBar />}
      <div class="column">
        <Banners />
        {document === null ? (
          <Nothing />
        ) : (
          <>
            <Between index={0} />
            {document.cells.map((cell, index) => (
              <div key={cell.id}>
                <CellView cell={cell} />
                <Between index={index + 1} />
              </div>
            ))}
            {document.cells.length === 0 && (
              <div class="blank">
                <p>This notebook has no cells yet.</p>
                <button type="button" class="button" data-main onClick={() => insertAt(0, "typescript")}>
                  Add a TypeScript cell
                </button>
                <button type="button" class="button" onClick={() => insertAt(0, "markdown")}>
                  Add a Markdown cell
                </button>
              </div>
            )}
          </>
        )}
      </div>
    </main>
  );
}

function Nothing() {
  if (openProblem.value !== null) {
    return (
      <div class="blank" role="alert">
        <p>The notebook could not be opened.</p>
        <p>{openProblem.value}</p>
      </div>
    );
  }
  return (
    <div class="blank">
      <p>Choose a notebook at the left, or begin a new one.</p>
      <button type="button" class="button" data-main onClick={() => (overlay.value = "new")}>
        New notebook
      </button>
    </div>
  );
}

/** The place between two cells, where one can be added. */
function Between({ index }: { readonly index: number }) {
  return (
    <div class="between">
      <button
        type="button"
        aria-label={`Add a TypeScript cell at place ${index + 1}`}
        onClick={() => insertAt(index, "typescript")}
      >
        + TypeScript
      </button>
      <button
        type="button"
        aria-label={`Add a Markdown cell at place ${index + 1}`}
        onClick={() => insertAt(index, "markdown")}
      >
        + Markdown
      </button>
    </div>
  );
}
