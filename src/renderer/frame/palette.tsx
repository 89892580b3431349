/** The command palette: every command, every cell by name, every notebook, found by a few letters. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { commands } from "../commands/commands.ts";
import type { Command } from "../commands/commands.ts";
import { rank } from "../commands/rank.ts";
import { overlay } from "../state/ui.ts";
import { Dialog } from "./dialog.tsx";

export function Palette() {
  const query = useSignal("");
  const chosen = useSignal(0);
  const list = useRef<HTMLUListElement>(null);
  const letters = query.value.trim().toLowerCase();
  const found = commands()
    .map(command => ({ command, score: rank(command.title, letters) }))
    .filter((each): each is { command: Command; score: number } => each.score !== null)
    .sort((a, b) => a.score - b.score)
    .slice(0, 60)
    .map(each => each.command);
  const at = Math.min(chosen.value, found.length - 1);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  const runCommand = (command: Command | undefined): void => {
    if (command === undefined) return;
    overlay.value = null;
    command.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Enter") runCommand(found[at]);
    else if (event.key === "ArrowDown") chosen.value = Math.min(at + 1, found.length - 1);
    else if (event.key === "ArrowUp") chosen.value = Math.max(at - 1, 0);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Commands" plain>
      <input
        placeholder="What would you like to do?"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length > 0 ? `palette-${at}` : undefined}
        aria-label="Command"
        value={query.value}
        onInput={event => {
          query.value = event.currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={onKey}
      />
      <ul class="scroll" role="listbox" id="palette-list" ref={list}>
        {found.map((command, index) => (
          <li
            key={command.title}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerMove={() => (chosen.value = index)}
            onClick={() => runCommand(command)}
          >
            <span>{command.title}</span>
            <span class="hint">{command.hint}</span>
          </li>
        ))}
        {found.length === 0 && <li class="hint">No command has these letters.</li>}
      </ul>
    </Dialog>
  );
}
