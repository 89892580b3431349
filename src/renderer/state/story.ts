/** The row or the mark of a chart that the user asked about, and what the session says of it. */
import { signal } from "@preact/signals";
import type { ViewUpdate } from "../../protocol/session.ts";
import type { MarkStory } from "../../charts/stories.ts";
import { explain } from "./session.ts";
import { inspectorShown, inspectorTab } from "./ui.ts";

export interface Story {
  readonly title: string;
  /** The stream that the row stands in; null for a mark. */
  readonly name: string | null;
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
  ask({ title: `Row ${row + 1}`, name, values, sentences: null, lines: [] }, view, row);
}

/** Asks for the story of a mark of a chart, and shows where it will stand. */
export function showMarkStory(view: string, { title, values }: MarkStory): void {
  inspectorShown.value = true;
  const asked = `${title[0].toUpperCase()}${title.slice(1)}`;
  ask({ title: asked, name: null, values: [], sentences: null, lines: [] }, view, 0, values);
}

function ask(asked: Story, view: string, row: number, values?: Readonly<Record<string, unknown>>): void {
  story.value = asked;
  inspectorTab.value = "story";
  void explain(view, row, values).then(answer => {
    if (story.peek() === asked) story.value = { ...asked, sentences: answer.sentences, lines: answer.lines ?? [] };
  });
}
