/** Finding and replacing over all cells. */
import { computed, signal } from "@preact/signals";
import { kindOf } from "../../notebook/document.ts";
import { notebook, replaceSources } from "./notebook.ts";

export interface Match {
  readonly cell: number;
  readonly from: number;
  readonly to: number;
}

export const findShown = signal(false);
export const findText = signal("");
export const replaceText = signal("");
/** Which match is the present one. */
export const findAt = signal(0);

/** Whether a letter counts in capitals only when the words searched for have some. */
function occurrences(source: string, words: string): number[] {
  const exact = /\p{Lu}/u.test(words);
  const [text, wanted] = exact ? [source, words] : [source.toLowerCase(), words.toLowerCase()];
  const found: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(at);
  return found;
}

export const matches = computed<readonly Match[]>(() => {
  const words = findText.value;
  if (!findShown.value || words === "") return [];
  return (notebook.value?.cells ?? []).flatMap(cell =>
    occurrences(cell.source, words).map(from => ({ cell: cell.id, from, to: from + words.length })),
  );
});

/** Replaces every match in cells that can be edited, as one step of undo; gives how many. */
export function replaceAll(): number {
  const sources = new Map<number, string>();
  let count = 0;
  for (const cell of notebook.peek()?.cells ?? []) {
    if (!["typescript", "markdown"].includes(kindOf(cell.type))) continue;
    const found = matches.peek().filter(match => match.cell === cell.id);
    if (found.length === 0) continue;
    let source = cell.source;
    for (const { from, to } of found.toReversed())
      source = source.slice(0, from) + replaceText.peek() + source.slice(to);
    sources.set(cell.id, source);
    count += found.length;
  }
  if (count > 0) replaceSources(sources);
  return count;
}
