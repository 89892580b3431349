/** The small line above a cell: kind, names, state, rows, how long it took, and its tools. */
import { kindOf } from "../../notebook/document.ts";
import type { CellSource } from "../../notebook/document.ts";
import type { CellState } from "../../protocol/session.ts";
import { remove, run } from "../commands/actions.ts";
import { Icon } from "../parts/icons.tsx";
import { writeCount, writeDuration } from "../parts/time.ts";
import { shiftCell } from "../state/notebook.ts";
import { cellsChanged, cellState, ranSources, running, viewOf } from "../state/session.ts";
import { folded, toggleFold } from "../state/ui.ts";
import { useLasting } from "../transport/catching-up.tsx";

const shortKinds: Readonly<Record<string, string>> = {
  typescript: "ts",
  markdown: "md",
  sql: "sql",
  html: "html",
  tex: "tex",
  dot: "dot",
};

const statusWords: Readonly<Partial<Record<CellState["status"], string>>> = {
  stale: "stale",
  queued: "waiting",
  running: "running",
  error: "error",
  blocked: "waits for another cell",
  disabled: "disabled",
};

export function CellHead({ cell }: { readonly cell: CellSource }) {
  const kind = kindOf(cell.type);
  const state = cellState(cell.id).value;
  const edited = running.value && kind !== "other" && ranSources.value.get(cell.id) !== cell.source;
  return (
    <div class="cell-head">
      <span class="kind" title={cell.type}>
        {shortKinds[kind] ?? cell.type}
      </span>
      {state !== null && state.definitions.length > 0 && <span class="names">{state.definitions.join(", ")}</span>}
      <Status state={state} />
      {edited && <span title="The source was changed since it ran">· edited, not run</span>}
      <span class="tools">
        {kind === "typescript" && (
          <button
            type="button"
            class="icon-button"
            title="Run (Ctrl-Enter)"
            aria-label="Run the cell"
            onClick={() => run(cell.id)}
          >
            <Icon name="play" />
          </button>
        )}
        <button
          type="button"
          class="icon-button"
          title={folded.value.has(cell.id) ? "Show the source" : "Hide the source"}
          aria-label="Show or hide the source"
          onClick={() => toggleFold(cell.id)}
        >
          <Icon name="fold" />
        </button>
        <button
          type="button"
          class="icon-button"
          title="Move up"
          aria-label="Move up"
          onClick={() => moveBy(cell.id, -1)}
        >
          <Icon name="up" />
        </button>
        <button
          type="button"
          class="icon-button"
          title="Move down"
          aria-label="Move down"
          onClick={() => moveBy(cell.id, 1)}
        >
          <Icon name="lower" />
        </button>
        <button
          type="button"
          class="icon-button"
          title="Delete, into the bin"
          aria-label="Delete the cell"
          onClick={() => remove(cell.id)}
        >
          <Icon name="bin" />
        </button>
      </span>
      <span class="grow" />
      <Partial state={state} />
      <Facts state={state} />
    </div>
  );
}

function moveBy(id: number, by: -1 | 1): void {
  shiftCell(id, by);
  cellsChanged();
}

function Status({ state }: { readonly state: CellState | null }) {
  const word = state === null ? undefined : statusWords[state.status];
  if (state === null || word === undefined) return null;
  return (
    <span class="status" data-status={state.status}>
      {state.status === "running" && (
        <svg viewBox="0 0 10 10" aria-hidden="true">
          <path d="M5 1a4 4 0 1 1-4 4" fill="none" stroke="currentColor" stroke-width="1.5" />
        </svg>
      )}
      {word}
    </span>
  );
}

/** How much of what has passed the cell's outputs show, while they catch up after an edit. */
function Partial({ state }: { readonly state: CellState | null }) {
  const shares = (state?.outputs ?? []).flatMap(output => ("view" in output ? (partialOf(output.view) ?? []) : []));
  const lasting = useLasting(shares.length > 0);
  if (!lasting) return null;
  return (
    <span class="facts figure" title="Catches up after an edit: shows the first part of what has passed">
      partial, {Math.floor(Math.min(...shares) * 100)} % ·
    </span>
  );
}

function partialOf(view: string): number | null {
  return viewOf(view).value?.partial ?? null;
}

function Facts({ state }: { readonly state: CellState | null }) {
  if (state === null) return null;
  const streams = state.outputs.filter(output => output.kind === "stream");
  const first = streams.length === 1 ? viewOf(streams[0].view).value : null;
  const parts: string[] = [];
  if (first?.kind === "table") parts.push(`${writeCount(first.total)} rows`);
  if (state.took !== null && state.took >= 1) parts.push(writeDuration(state.took));
  return <span class="facts figure">{parts.join(" · ")}</span>;
}
