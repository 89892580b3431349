/** The questions the app asks: about a file that changed, about unsaved work, and how to name a new notebook. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { answerLeave, conflict, createNotebook, save } from "../state/files.ts";
import { notebook } from "../state/notebook.ts";
import { overlay } from "../state/ui.ts";
import { Dialog } from "./dialog.tsx";

/** The file on the disk is not the one that was opened. */
export function Conflict() {
  return (
    <Dialog title="Save over another version?">
      <div class="content">
        <p>{conflict.value}. Saving now would replace what is there.</p>
        <p style={{ marginTop: "14px", display: "flex", gap: "8px" }}>
          <button type="button" class="button" data-first data-main onClick={() => (overlay.value = null)}>
            Keep the file, do not save
          </button>
          <button
            type="button"
            class="button"
            onClick={() => {
              overlay.value = null;
              void save(true);
            }}
          >
            Save over it
          </button>
        </p>
      </div>
    </Dialog>
  );
}

/** Another notebook is to be opened while this one has unsaved work. */
export function Leave() {
  useEffect(() => () => answerLeave("stay"), []);
  return (
    <Dialog title="Save before you leave?">
      <div class="content">
        <p>“{notebook.value?.title}” has changes that are not saved.</p>
        <p style={{ marginTop: "14px", display: "flex", gap: "8px" }}>
          <button type="button" class="button" data-main data-first onClick={() => answerLeave("save")}>
            Save
          </button>
          <button type="button" class="button" onClick={() => answerLeave("discard")}>
            Discard the changes
          </button>
          <button type="button" class="button" onClick={() => answerLeave("stay")}>
            Stay here
          </button>
        </p>
      </div>
    </Dialog>
  );
}

export function NewNotebook() {
  const name = useSignal("");
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (name.value.trim() !== "" && (await createNotebook(name.value.trim()))) overlay.value = null;
  };
  return (
    <Dialog title="New notebook">
      <form class="content" onSubmit={create} style={{ display: "flex", gap: "8px" }}>
        <input
          class="field"
          style={{ flex: 1 }}
          aria-label="Name"
          placeholder="Name, such as Late card payments"
          value={name.value}
          onInput={event => (name.value = event.currentTarget.value)}
        />
        <button type="submit" class="button" data-main disabled={name.value.trim() === ""}>
          Create
        </button>
      </form>
    </Dialog>
  );
}
