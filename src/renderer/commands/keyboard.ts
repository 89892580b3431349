/**
 * The keys: Jupyter's, since hands know them. In edit mode the editor has the keys, but for those that run a cell; in
 * command mode single letters act on the selected cell.
 */
import { save } from "../state/files.ts";
import { findShown } from "../state/find.ts";
import { sendTransport, transport } from "../state/session.ts";
import { mode, overlay, selectedCell, selectCell } from "../state/ui.ts";
import * as actions from "./actions.ts";
import { Twice } from "./twice.ts";

export interface Shortcut {
  readonly keys: readonly string[];
  readonly does: string;
}

const mac = /Mac|iP(?:hone|ad)/.test(navigator.platform);
export const modifier = mac ? "⌘" : "Ctrl";

/** What the help shows. */
export const shortcuts: readonly { readonly group: string; readonly list: readonly Shortcut[] }[] = [
  {
    group: "Anywhere",
    list: [
      { keys: ["Shift", "Enter"], does: "Run, go to the next cell" },
      { keys: [modifier, "Enter"], does: "Run the cell" },
      { keys: ["Alt", "Enter"], does: "Run, insert below" },
      { keys: [modifier, "S"], does: "Save" },
      { keys: [modifier, "K"], does: "Command palette" },
      { keys: [modifier, "Shift", "F"], does: "Find and replace in all cells" },
      { keys: ["Esc"], does: "Leave the editor" },
    ],
  },
  {
    group: "On a selected cell",
    list: [
      { keys: ["Enter"], does: "Edit" },
      { keys: ["↑", "↓"], does: "Select above, below" },
      { keys: ["A"], does: "Insert above" },
      { keys: ["B"], does: "Insert below" },
      { keys: ["D", "D"], does: "Delete, into the bin" },
      { keys: ["Z"], does: "Undo" },
      { keys: ["Shift", "Z"], does: "Redo" },
      { keys: ["M"], does: "Make it Markdown" },
      { keys: ["Y"], does: "Make it TypeScript" },
      { keys: ["J"], does: "Move down" },
      { keys: ["K"], does: "Move up" },
      { keys: ["?"], does: "This help" },
    ],
  },
  {
    group: "The replay",
    list: [
      { keys: ["Space"], does: "Play, pause" },
      { keys: ["L"], does: "Catch up with live sources" },
      { keys: ["Esc"], does: "Stop catching up after an edit" },
      { keys: ["←", "→"], does: "Seek, on the strip" },
      { keys: ["P"], does: "Pin this replay to compare with, or unpin it" },
      { keys: ["N"], does: "Go to the next difference" },
    ],
  },
];

const single: Readonly<Record<string, () => void>> = {
  a: actions.insertAbove,
  b: actions.insertBelow,
  z: actions.undo,
  Z: actions.redo,
  m: () => actions.toKind("markdown"),
  y: () => actions.toKind("typescript"),
  j: () => actions.move(1),
  k: () => actions.move(-1),
  ArrowUp: () => actions.step(-1),
  ArrowDown: () => actions.step(1),
  Enter: actions.edit,
  " ": actions.playOrPause,
  l: actions.goLive,
  p: actions.togglePin,
  n: actions.nextDifference,
  "?": () => (overlay.value = "shortcuts"),
};

const deleting = new Twice();

export function listenToKeys(): void {
  addEventListener("keydown", onKey, true);
}

function onKey(event: KeyboardEvent): void {
  if (event.key !== "d") deleting.interrupt();
  if (event.isComposing || event.defaultPrevented) return;
  const command = mac ? event.metaKey : event.ctrlKey;
  if (command && !event.altKey && event.key.toLowerCase() === "s") return take(event, () => void save(false));
  if (command && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    return take(event, () => (overlay.value = overlay.value === "palette" ? null : "palette"));
  }
  if (command && !event.altKey && event.shiftKey && event.key.toLowerCase() === "f") {
    return take(event, () => (findShown.value = true));
  }
  if (overlay.peek() !== null) {
    if (event.key === "Escape") take(event, () => (overlay.value = null));
    return;
  }
  // Marks of charts are SVG, and have keys of their own as well.
  const target = event.target instanceof HTMLElement || event.target instanceof SVGElement ? event.target : null;
  const inEditor = target?.closest(".cm-editor") != null;
  const inNotebook = inEditor || target?.closest(".notebook") != null || target === document.body;
  if (event.key === "Enter" && inNotebook && (event.shiftKey || command || event.altKey)) {
    if (event.shiftKey) return take(event, actions.runAndAdvance);
    return take(event, event.altKey ? actions.runAndInsert : actions.runHere);
  }
  if (inEditor) {
    // An open list of completions or a search panel takes Escape first.
    const busy = target?.closest(".cm-editor")?.querySelector(".cm-tooltip-autocomplete, .cm-search") != null;
    const id = selectedCell.peek();
    if (event.key === "Escape" && !busy && id !== null) take(event, () => selectCell(id, "command"));
    return;
  }
  // A slider that is dragged keeps its focus, and is what most edits come from.
  if (event.key === "Escape" && target?.closest("input:not([type=range]), textarea, select, [role=menu]") == null) {
    const behind = transport.peek()?.behind ?? null;
    if (behind !== null && !behind.held) return take(event, () => sendTransport({ kind: "cancel" }));
  }
  // Buttons, fields and lists keep their own keys.
  if (
    target?.closest(
      "input, select, textarea, button, summary, a, [role=slider], [role=grid], [data-explain], [tabindex='0']:not(.notebook)",
    )
  ) {
    if (event.key === "Escape" && target.closest("input, select, textarea, button")) target.blur();
    return;
  }
  if (command || event.altKey || mode.peek() !== "command") return;
  if (event.key === "d") {
    return take(event, () => {
      if (deleting.press(event.timeStamp, selectedCell.peek(), event.repeat)) actions.removeSelected();
    });
  }
  const action = Object.hasOwn(single, event.key) ? single[event.key] : undefined;
  if (action !== undefined) take(event, action);
}

function take(event: KeyboardEvent, action: () => void): void {
  event.preventDefault();
  event.stopPropagation();
  action();
}
