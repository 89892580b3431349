/** What lies over the page: palette, help, questions, and short notes. */
import { dismiss, notes, overlay } from "../state/ui.ts";
import { Conflict, Leave, NewNotebook } from "./questions.tsx";
import { Palette } from "./palette.tsx";
import { ShortcutsHelp } from "./shortcuts-help.tsx";

export function Overlays() {
  return (
    <>
      {overlay.value === "palette" && <Palette />}
      {overlay.value === "shortcuts" && <ShortcutsHelp />}
      {overlay.value === "conflict" && <Conflict />}
      {overlay.value === "new" && <NewNotebook />}
      {overlay.value === "leave" && <Leave />}
      <div class="toasts" role="status" aria-live="polite">
        {notes.value.map((note, index) => (
          <div class="toast" key={index}>
            {note.text}
            {note.action && (
              <button
                type="button"
                onClick={() => {
                  dismiss(note);
                  note.action?.run();
                }}
              >
                {note.action.label}
              </button>
            )}
          </div>
        ))}
      </div>
    </>
  );
}
