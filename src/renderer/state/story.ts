/** The row the user asked about, and what the session says of it. */
import { signal } from "@preact/signals";
import type { ViewUpdate } from "../../protocol/session.ts";
import { explainRow } from "./session.ts";
import { inspectorTab } from "./ui.ts";

export interface Story {
  readonly view: string;
  readonly name: string | null;
  readonly row: number;
  /** The row's own values. */
  readonly values: readonly { readonly name: string; readonly type: string; readonly value: unknown }[];
  /** Null until the session has answered. */
  readonly sentences: readonly string[] | null;
  readonly lines: readonly { readonly file: string; readonly line: number }[];
}

export const story = signal<Story | null>(null);

/** Asks why a row is as it is. `at` counts within the page of the update. */
export function showStory(
  view: string,
  name: string | null,
  row: number,
  update: Extract<ViewUpdate, { kind: "table" }>,
  at: number,
): void {
  if (at < 0 || at >= update.page.length) return;
  const values = update.page.columns.map(column => ({
    name: column.name,
    type: column.type,
    value: column.values[at],
  }));
  const asked: Story = { view, name, row, values, sentences: null, lines: [] };
  story.value = asked;
  inspectorTab.value = "story";
  void explainRow(view, row).then(answer => {
    if (story.peek() === asked) story.value = { ...asked, sentences: answer.sentences, lines: answer.lines ?? [] };
  });
}
