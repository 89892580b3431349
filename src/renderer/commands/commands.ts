/** The list of commands that the palette offers. */
import { entries, openEntry, save } from "../state/files.ts";
import { findShown } from "../state/find.ts";
import { file } from "../state/notebook.ts";
import { comparison, exportTargets, pinReplay, sendTransport, symbols, trusted } from "../state/session.ts";
import {
  exportChoice,
  inspectorShown,
  inspectorTab,
  localZone,
  overlay,
  selectCell,
  sidebarShown,
  theme,
  zone,
} from "../state/ui.ts";
import * as actions from "./actions.ts";
import { modifier } from "./keyboard.ts";

export interface Command {
  readonly title: string;
  readonly hint: string;
  run(): void;
}

function command(title: string, hint: string, run: () => void): Command {
  return { title, hint, run };
}

/** Gives the commands that make sense at this moment. */
export function commands(): Command[] {
  return [
    command("Run the selected cell", `${modifier} Enter`, actions.runHere),
    command(trusted.peek() ? "Run all cells" : "Run this notebook", "", actions.runEverything),
    command("Save", `${modifier} S`, () => void save(false)),
    command("Insert a cell above", "A", actions.insertAbove),
    command("Insert a cell below", "B", actions.insertBelow),
    command("Delete the selected cell", "D D", actions.removeSelected),
    command("Undo the last change of cells", "Z", actions.undo),
    command("Redo", "Shift Z", actions.redo),
    command("Move the cell up", "K", () => actions.move(-1)),
    command("Move the cell down", "J", () => actions.move(1)),
    command("Make the cell Markdown", "M", () => actions.toKind("markdown")),
    command("Make the cell TypeScript", "Y", () => actions.toKind("typescript")),
    command("Find and replace in all cells", `${modifier} Shift F`, () => (findShown.value = true)),
    command("Replay: play or pause", "Space", actions.playOrPause),
    command("Replay: back to the start", "", () => sendTransport({ kind: "restart" })),
    command("Replay: to the end", "", () => sendTransport({ kind: "end" })),
    command("Live sources: catch up", "L", actions.goLive),
    command("Replay: one row", "", () => sendTransport({ kind: "step", by: "row" })),
    command("Replay: to the next window that fires", "", () => sendTransport({ kind: "step", by: "window" })),
    command("Replay: to the next watermark", "", () => sendTransport({ kind: "step", by: "watermark" })),
    command(
      comparison.peek() === null ? "Compare: pin this replay" : "Compare: unpin the replay",
      "P",
      actions.togglePin,
    ),
    ...(comparison.peek() === null
      ? []
      : [
          command("Compare: pin the replay as it is now", "", () => pinReplay(true)),
          command("Compare: go to the next difference", "N", actions.nextDifference),
        ]),
    command("Theme: as the system", "", () => (theme.value = "system")),
    command("Theme: light", "", () => (theme.value = "light")),
    command("Theme: dark", "", () => (theme.value = "dark")),
    command("Theme: high contrast", "", () => (theme.value = "contrast")),
    command("Write times in UTC", "", () => (zone.value = "UTC")),
    command(`Write times in ${localZone}`, "this machine", () => (zone.value = localZone)),
    command("Write times in Europe/London", "", () => (zone.value = "Europe/London")),
    command("Show or hide the sidebar", "", () => (sidebarShown.value = !sidebarShown.value)),
    command("Show or hide the inspector", "", () => (inspectorShown.value = !inspectorShown.value)),
    command("New notebook", "", () => (overlay.value = "new")),
    command("Keys", "?", () => (overlay.value = "shortcuts")),
    ...entries
      .peek()
      .filter(entry => entry.handle !== file.peek()?.handle)
      .map(entry => command(`Open ${entry.title}`, entry.name, () => void openEntry(entry))),
    ...symbols.peek().flatMap(symbol => [
      command(`Go to ${symbol.name}`, symbol.kind, () => selectCell(symbol.cell, "command")),
      ...(symbol.kind === "stream"
        ? exportTargets.peek().map(target =>
            command(`Export ${symbol.name} as ${target.title}`, "", () => {
              exportChoice.value = { name: symbol.name, target: target.name };
              inspectorTab.value = "export";
              inspectorShown.value = true;
            }),
          )
        : []),
    ]),
  ];
}
