/** Commands that come from the desktop's menu. */
import { openOther, save } from "../state/files.ts";
import { overlay } from "../state/ui.ts";

declare global {
  interface Window {
    readonly tidemarkMenu?: (listen: (command: string) => void) => void;
  }
}

const commands: Readonly<Record<string, () => void>> = {
  new: () => (overlay.value = "new"),
  open: () => void openOther(),
  save: () => void save(false),
  palette: () => (overlay.value = "palette"),
  keys: () => (overlay.value = "shortcuts"),
};

export function listenToMenu(): void {
  window.tidemarkMenu?.(command => {
    if (Object.hasOwn(commands, command)) commands[command]();
  });
}
