/** What can be done to the selected cell and to the notebook: one function per command, for keys, buttons and the palette. */
import { kindOf } from "../../notebook/document.ts";
import * as book from "../state/notebook.ts";
import {
  cellsChanged,
  comparison,
  pinReplay,
  runAll,
  runCells,
  sendTransport,
  transport,
  trusted,
} from "../state/session.ts";
import { trustAndRun } from "../state/files.ts";
import { openSource, say, selectCell, selectedCell } from "../state/ui.ts";

function cellIds(): number[] {
  return book.notebook.peek()?.cells.map(cell => cell.id) ?? [];
}

function indexOfSelected(): number {
  const id = selectedCell.peek();
  return id === null ? -1 : cellIds().indexOf(id);
}

/** Runs a cell; before the notebook is trusted it says so instead. */
export function run(id: number): void {
  const cell = book.cellWithId(id);
  if (cell === undefined) return;
  if (kindOf(cell.type) === "markdown" && openSource.peek() === id) openSource.value = null;
  if (trusted.peek()) runCells([id]);
  else if (kindOf(cell.type) !== "markdown") {
    say("Nothing runs yet: you have not said that you trust this notebook", {
      label: "Run it",
      run: () => void trustAndRun(),
    });
  }
}

/** Runs the selected cell and stays on it. */
export function runHere(): void {
  const id = selectedCell.peek();
  if (id === null) return;
  run(id);
  selectCell(id, "command");
}

/** Runs the selected cell and goes to the next, making one at the end. */
export function runAndAdvance(): void {
  const id = selectedCell.peek();
  if (id === null) return;
  run(id);
  const ids = cellIds();
  const next = ids[ids.indexOf(id) + 1];
  if (next === undefined) selectCell(book.addCell(ids.length, "typescript"), "edit");
  else selectCell(next, "command");
}

/** Runs the selected cell and opens a new one below it. */
export function runAndInsert(): void {
  const id = selectedCell.peek();
  if (id === null) return;
  run(id);
  insertAt(cellIds().indexOf(id) + 1, "typescript");
}

export function insertAt(index: number, kind: "typescript" | "markdown"): void {
  selectCell(book.addCell(index, kind), "edit");
}

/** Puts a cell with a text below another one and runs it. */
export function insertAfter(cell: number, source: string): void {
  const id = book.addCell(cellIds().indexOf(cell) + 1, "typescript", source);
  selectCell(id, "command");
  run(id);
}

export function insertAbove(): void {
  insertAt(Math.max(indexOfSelected(), 0), "typescript");
}

export function insertBelow(): void {
  insertAt(indexOfSelected() + 1, "typescript");
}

/** Puts the selected cell into the bin and selects its neighbour. */
export function removeSelected(): void {
  const id = selectedCell.peek();
  if (id !== null) remove(id);
}

export function remove(id: number): void {
  const ids = cellIds();
  const index = ids.indexOf(id);
  book.removeCell(id);
  cellsChanged();
  const neighbour = ids[index + 1] ?? ids[index - 1];
  if (neighbour !== undefined) selectCell(neighbour, "command");
  else selectedCell.value = null;
  say("The cell is in the bin", { label: "Undo", run: undo });
}

export function undo(): void {
  const label = book.undo();
  say(label === null ? "Nothing to undo" : `Undone: ${label}`);
  if (label !== null) afterTravel();
}

export function redo(): void {
  const label = book.redo();
  say(label === null ? "Nothing to redo" : `Done again: ${label}`);
  if (label !== null) afterTravel();
}

export function restore(binned: book.Binned): void {
  book.restoreFromBin(binned);
  afterTravel();
  selectCell(binned.cell.id, "command");
}

/** Cells that came back run with the text they came back with. */
function afterTravel(): void {
  cellsChanged();
  const ids = cellIds();
  if (selectedCell.peek() === null || !ids.includes(selectedCell.peek()!)) selectedCell.value = ids[0] ?? null;
}

export function move(by: -1 | 1): void {
  const id = selectedCell.peek();
  if (id === null) return;
  book.shiftCell(id, by);
  cellsChanged();
  selectCell(id, "command");
}

export function toKind(kind: "typescript" | "markdown"): void {
  const id = selectedCell.peek();
  if (id === null) return;
  book.changeKind(id, kind);
  if (kind === "markdown") openSource.value = id;
  cellsChanged();
}

/** Selects the cell above (-1) or below (1). */
export function step(by: -1 | 1): void {
  const ids = cellIds();
  const next = ids[Math.min(Math.max(indexOfSelected() + by, 0), ids.length - 1)];
  if (next !== undefined) selectCell(next, "command");
}

export function edit(): void {
  const id = selectedCell.peek();
  if (id !== null) selectCell(id, "edit");
}

export function playOrPause(): void {
  const state = transport.peek();
  if (state === null) return;
  if (state.playing) sendTransport({ kind: "pause" });
  else {
    if (state.finished) sendTransport({ kind: "restart" });
    sendTransport({ kind: "play" });
  }
}

/** Catches up with live sources, where there are any. */
export function goLive(): void {
  if (transport.peek()?.live != null) sendTransport({ kind: "live" });
}

/** Pins the replay as it is now, or lets the pinned one go. */
export function togglePin(): void {
  if (comparison.peek() !== null) pinReplay(false);
  else if ((transport.peek()?.start ?? null) === null) say("There is no replay to pin yet: no source has been read");
  else pinReplay(true);
}

/** Goes to the next output below that differs from the pinned replay's, and after the last one to the first. */
export function nextDifference(): void {
  const page = document.querySelector<HTMLElement>(".notebook");
  const heads = [...document.querySelectorAll<HTMLElement>(".compared-head")];
  if (page === null || heads.length === 0) {
    say(comparison.peek() === null ? "No replay is pinned: P pins it" : "Nothing differs from the pinned replay");
    return;
  }
  // What stands at the top of the page is the one that was gone to last.
  const top = page.getBoundingClientRect().top + 80;
  const next = heads.find(head => head.getBoundingClientRect().top > top) ?? heads[0];
  next.scrollIntoView({ block: "start" });
  next.focus({ preventScroll: true });
}

export function runEverything(): void {
  if (trusted.peek()) runAll();
  else void trustAndRun();
}
