/** The application's menu. What acts on the notebook is done by the page, which is told the command's name. */
import type { MenuItemConstructorOptions } from "electron";

export type MenuCommand = "new" | "open" | "save" | "palette" | "keys";

export function menuTemplate(send: (command: MenuCommand) => void): MenuItemConstructorOptions[] {
  const item = (label: string, command: MenuCommand, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    accelerator,
    click: () => send(command),
  });
  return [
    ...(process.platform === "darwin" ? [{ role: "appMenu" } satisfies MenuItemConstructorOptions] : []),
    {
      label: "File",
      submenu: [
        item("New notebook…", "new", "CmdOrCtrl+N"),
        item("Open…", "open", "CmdOrCtrl+O"),
        item("Save", "save", "CmdOrCtrl+S"),
        { type: "separator" },
        process.platform === "darwin" ? { role: "close" } : { role: "quit" },
      ],
    },
    { role: "editMenu" },
    {
      label: "View",
      submenu: [
        item("Commands…", "palette", "CmdOrCtrl+K"),
        { type: "separator" },
        { role: "resetZoom" },
        { role: "zoomIn" },
        { role: "zoomOut" },
        { role: "togglefullscreen" },
        { type: "separator" },
        { role: "toggleDevTools" },
      ],
    },
    { role: "windowMenu" },
    { label: "Help", submenu: [item("Keys", "keys")] },
  ];
}
