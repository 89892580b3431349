/** The bar that finds and replaces over all cells of the notebook. */
import { useLayoutEffect, useRef } from "preact/hooks";
import { showRange } from "../editor/open-editors.ts";
import { Icon } from "../parts/icons.tsx";
import { writeMany } from "../parts/time.ts";
import { findAt, findShown, findText, matches, replaceAll, replaceText } from "../state/find.ts";
import { say, selectCell } from "../state/ui.ts";

/** Shows the next (1) or the last (-1) match, without taking the focus from the bar. */
function go(by: 1 | -1): void {
  const list = matches.peek();
  if (list.length === 0) return;
  findAt.value = (findAt.peek() + by + list.length) % list.length;
  show();
}

function show(): void {
  const match = matches.peek()[findAt.peek()];
  if (match === undefined) return;
  document.querySelector(`[data-cell="${match.cell}"]`)?.scrollIntoView({ block: "nearest" });
  showRange(match.cell, match.from, match.to);
}

export function FindBar() {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.select(), []);
  const list = matches.value;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      findShown.value = false;
      const match = list[findAt.value];
      if (match !== undefined) selectCell(match.cell, "command");
    } else if (event.key === "Enter" && event.target === field.current) go(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="find-bar" role="search" aria-label="Find in all cells" onKeyDown={onKey}>
      <input
        ref={field}
        class="field"
        aria-label="Find"
        placeholder="Find in all cells"
        value={findText.value}
        onInput={event => {
          findText.value = event.currentTarget.value;
          findAt.value = 0;
          show();
        }}
      />
      <span class="hint figure">
        {findText.value === "" ? "" : list.length === 0 ? "nowhere" : `${findAt.value + 1} of ${list.length}`}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label="The match before"
        title="The match before (Shift-Enter)"
        onClick={() => go(-1)}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="The next match"
        title="The next match (Enter)"
        onClick={() => go(1)}
      >
        <Icon name="lower" />
      </button>
      <input
        class="field"
        aria-label="Replace by"
        placeholder="Replace by"
        value={replaceText.value}
        onInput={event => (replaceText.value = event.currentTarget.value)}
      />
      <button
        type="button"
        class="button"
        disabled={list.length === 0}
        onClick={() => say(`Replaced ${writeMany(replaceAll(), "match", "matches")}; Z takes it back`)}
      >
        Replace all
      </button>
      <button type="button" class="icon-button" aria-label="Close" onClick={() => (findShown.value = false)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
