/** The desktop's side of `Host`: one channel, whose sender and arguments are checked before anything is done. */
import { ipcMain } from "electron";
import { callHost } from "../browser/host-calls.ts";
import type { HostPlace } from "../browser/host-calls.ts";
import type { NotebookFiles } from "../browser/notebook-files.ts";

/** What goes back: an error as its message alone, since Electron would wrap it in words of its own. */
export type Answer = { readonly result: unknown } | { readonly error: string };

/** Answers calls of the page whose address begins with `shell`, when they come from the top frame. */
export function answerPage(shell: string, files: NotebookFiles, place: HostPlace): void {
  ipcMain.handle("host", async (event, method: unknown, args: unknown): Promise<Answer> => {
    const frame = event.senderFrame;
    if (frame === null || frame.parent !== null || !frame.url.startsWith(shell)) {
      return { error: "only the app's own page may ask" };
    }
    try {
      return { result: await callHost(files, place, method, args) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  });
}
