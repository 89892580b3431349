/** Where the window was and how large, kept from one start to the next. */
import { readFile, writeFile } from "node:fs/promises";
import { screen } from "electron";
import type { BrowserWindow, Rectangle } from "electron";

const usual = { width: 1360, height: 880 };

export class WindowState {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Gives the bounds of the last time when they are on a present screen, otherwise the usual size. */
  async read(): Promise<Partial<Rectangle>> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.#path, "utf8"));
      if (!isRectangle(stored)) return usual;
      const area = screen.getDisplayMatching(stored).workArea;
      const shown =
        stored.x < area.x + area.width - 80 && stored.x + stored.width > area.x + 80 && stored.y >= area.y - 20;
      return shown ? stored : usual;
    } catch {
      return usual;
    }
  }

  /** Writes the bounds down when the window closes. */
  follow(window: BrowserWindow): void {
    window.on("close", () => {
      // A position that can't be written is no reason to keep a window open.
      writeFile(this.#path, JSON.stringify(window.getNormalBounds())).catch(() => undefined);
    });
  }
}

function isRectangle(value: unknown): value is Rectangle {
  if (typeof value !== "object" || value === null) return false;
  const { x, y, width, height } = value as Partial<Rectangle>;
  return [x, y, width, height].every(each => Number.isInteger(each)) && width! >= 400 && height! >= 300;
}
