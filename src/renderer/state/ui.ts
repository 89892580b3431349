/** What the interface itself remembers: theme, selection, mode, panels, and the notes it shows. */
import { computed, effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark" | "contrast";
export type InspectorTab = "flow" | "symbols" | "story" | "export";

export const theme = signal<Theme>(remembered("theme", ["system", "light", "dark", "contrast"], "system"));
const systemDark = signal(false);
/** The theme that is shown: one of those that tokens.css has values for. */
export const shownTheme = computed(() =>
  theme.value === "system" ? (systemDark.value ? "dark" : "light") : theme.value,
);

/** The zone in which all times are written: an IANA name. */
export const zone = signal<string>(localStorage.getItem("tidemark.zone") ?? "UTC");
export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const selectedCell = signal<number | null>(null);
/** In edit mode the keys go to the cell's editor, in command mode they act on the cell. */
export const mode = signal<"command" | "edit">("command");
/** The Markdown cell whose source is open. */
export const openSource = signal<number | null>(null);
export const folded = signal<ReadonlySet<number>>(new Set());

export const sidebarShown = signal(true);
export const inspectorShown = signal(true);
export const inspectorTab = signal<InspectorTab>("flow");
export const selectedNode = signal<string | null>(null);
/** What the export pane shows: a stream's name and a target. */
export const exportChoice = signal<{ readonly name: string | null; readonly target: string }>({
  name: null,
  target: "typescript",
});

export const overlay = signal<"palette" | "shortcuts" | "conflict" | "new" | "leave" | null>(null);

export interface Note {
  readonly text: string;
  readonly action?: { readonly label: string; run(): void };
}

export const notes = signal<readonly Note[]>([]);

/** Shows a short note for a few seconds. */
export function say(text: string, action?: Note["action"]): void {
  const note: Note = { text, action };
  notes.value = [...notes.value.slice(-2), note];
  setTimeout(() => dismiss(note), action === undefined ? 3_500 : 8_000);
}

export function dismiss(note: Note): void {
  notes.value = notes.value.filter(each => each !== note);
}

/** Writes the shown theme onto the page, now and whenever it changes. */
export function followTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  systemDark.value = dark.matches;
  dark.addEventListener("change", () => (systemDark.value = dark.matches));
  effect(() => {
    document.documentElement.dataset.theme = shownTheme.value;
    localStorage.setItem("tidemark.theme", theme.value);
  });
  effect(() => localStorage.setItem("tidemark.zone", zone.value));
}

/** Gives a cell the focus of the page's commands; `reveal` scrolls to it. */
export function selectCell(id: number, next: "command" | "edit", reveal = true): void {
  selectedCell.value = id;
  mode.value = next;
  if (next === "edit") openSource.value = id;
  requestAnimationFrame(() => {
    const element = document.querySelector<HTMLElement>(`[data-cell="${id}"]`);
    if (reveal) element?.scrollIntoView({ block: "nearest" });
    if (next === "command") {
      (document.activeElement as HTMLElement | null)?.blur();
      document.querySelector<HTMLElement>(".notebook")?.focus({ preventScroll: true });
    } else {
      element?.querySelector<HTMLElement>(".cm-content")?.focus({ preventScroll: !reveal });
    }
  });
}

export function toggleFold(id: number): void {
  const next = new Set(folded.value);
  if (!next.delete(id)) next.add(id);
  folded.value = next;
}

function remembered<Choice extends string>(key: string, choices: readonly Choice[], otherwise: Choice): Choice {
  const stored = localStorage.getItem(`tidemark.${key}`);
  return choices.find(choice => choice === stored) ?? otherwise;
}
