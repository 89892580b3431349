/** The desktop's dialogs. A file chosen in one is granted by that choice. */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { dialog } from "electron";
import type { BrowserWindow } from "electron";
import { writeAtomically } from "../browser/atomic-write.ts";
import type { NotebookFiles } from "../browser/notebook-files.ts";
import type { OpenedNotebook } from "../protocol/host.ts";

export async function chooseNotebook(
  window: BrowserWindow | null,
  files: NotebookFiles,
): Promise<OpenedNotebook | null> {
  if (window === null) return null;
  const answer = await dialog.showOpenDialog(window, {
    title: "Open a notebook",
    filters: [{ name: "Notebooks", extensions: ["html"] }],
    properties: ["openFile"],
  });
  const path = answer.filePaths[0];
  return answer.canceled || path === undefined ? null : files.open(files.grant(path));
}

/** Saves one file where the user says, several into a folder of her choice. Gives false when she cancels. */
export async function saveWhereChosen(
  window: BrowserWindow | null,
  files: readonly { readonly name: string; readonly text: string }[],
): Promise<boolean> {
  if (window === null || files.length === 0) return false;
  if (files.length === 1) {
    const answer = await dialog.showSaveDialog(window, { defaultPath: basename(files[0].name) });
    if (answer.canceled || !answer.filePath) return false;
    await writeAtomically(answer.filePath, files[0].text);
    return true;
  }
  const answer = await dialog.showOpenDialog(window, {
    title: `Choose a folder for ${files.length} files`,
    properties: ["openDirectory", "createDirectory"],
  });
  const folder = answer.filePaths[0];
  if (answer.canceled || folder === undefined) return false;
  await mkdir(folder, { recursive: true });
  // Names come from the page: only their last part counts, so that none leads out of the folder.
  for (const file of files) await writeAtomically(join(folder, basename(file.name)), file.text);
  return true;
}
