/** The row or the mark of a chart that the user asked about, and what the session says of it. */
import { signal } from "@preact/signals";
import type { ViewUpdate } from "../../protocol/session.ts";
import type { MarkStory } from "../../charts/stories.ts";
import { explain } from "./session.ts";
import { inspectorShown, inspectorTab } from "./ui.ts";

export interface Story {
  readonly title: string;
  /** The view that was asked. */
  readonly view: string;
  /** The stream that the row stands in; null for a mark. */
  readonly name: string | null;
  /** The row's own values. */
  readonly values: readonly { readonly name: string; readonly type: string; readonly value: unknown }[];
  /** Null until the session has answered. */
  readonly sentences: readonly string[] | null;
  readonly lines: readonly { readonly file: string; readonly line: number }[];
  /** The zone in which the sentences write times, and so the values; null where they write none. */
  readonly zone: string | null;
  /** The story from which a link led here. */
  readonly from: Story | null;
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
  ask({ ...EMPTY, title: `Row ${row + 1}`, view, name, values }, row);
}

/** Asks for the story of a mark of a chart, and shows where it will stand. */
export function showMarkStory(view: string, { title, values, sentences = [] }: MarkStory): void {
  inspectorShown.value = true;
  const asked: Story = { ...EMPTY, title: `${title[0].toUpperCase()}${title.slice(1)}`, view };
  if (values === null) {
    inspectorTab.value = "story";
    story.value = { ...asked, sentences };
  } else ask(asked, 0, values, sentences);
}

/** Asks for the row that stands in a line of a data file; the story that led there is kept for the way back. */
export function showLine(from: Story, file: string, line: number): void {
  const title = `Line ${line.toLocaleString("en")} of ${file}`;
  ask({ ...EMPTY, title, view: from.view, from }, 0, { about: "line", file, line });
}

/** Goes back to the story from which a link led here. */
export function showStoryBefore(): void {
  story.value = story.peek()?.from ?? null;
}

const EMPTY = { name: null, values: [], sentences: null, lines: [], zone: null, from: null } as const;

function ask(
  asked: Story,
  row: number,
  values?: Readonly<Record<string, unknown>>,
  before: readonly string[] = [],
): void {
  story.value = before.length === 0 ? asked : { ...asked, sentences: before };
  const shown = story.value;
  inspectorTab.value = "story";
  void explain(asked.view, row, values).then(answer => {
    if (story.peek() !== shown) return;
    story.value = {
      ...asked,
      values: asked.values.length > 0 ? asked.values : (answer.row ?? []),
      // A chart that has said something itself need not hear that nothing more is known.
      sentences: before.length > 0 && answer.facts["nothing"] === true ? before : [...before, ...answer.sentences],
      lines: answer.lines ?? [],
      zone: answer.timeZone ?? null,
    };
  });
}
