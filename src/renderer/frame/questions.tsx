/** The two questions the app asks: what to do about a changed file, and how to name a new notebook. */
import { useSignal } from "@preact/signals";
import { conflict, createNotebook, save } from "../state/files.ts";
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
