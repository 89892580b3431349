/**
 * Marks that have a story: what whoever shows a chart asks the session for when a mark is clicked. Elements bear it as
 * `data-explain`, where there are few of them; among thousands in one path it is the datum nearest to the pointer that is
 * asked for, the one that the tip tells of.
 */
import type * as Plot from "@observablehq/plot";

/** What a mark stands for. */
export interface MarkStory {
  /** What to call it, such as `window 12:02 to 12:03`. */
  readonly title: string;
  /**
   * Key columns and `window_start`, `window_end`; or `event_time`, `arrived_at`, `delay` (each up to `…_until`) and `fate`; or what the
   * mark is `about`, as the session's `explain/about.ts` lists it. Times in ms. Null: the sentences say all that there is.
   */
  readonly values: Readonly<Record<string, unknown>> | null;
  /** What the chart knows by itself, without asking the session; it comes first. */
  readonly sentences?: readonly string[];
}

/** More marks than this are not reached by keyboard: nobody would walk along them. */
const MOST_FOCUSABLE = 600;

const pointed = new WeakMap<Element, (datum: unknown) => MarkStory | null>();

/** Says how the datum under the pointer is asked about in the plot that this mark is drawn in. */
export function asksFor<T>(story: (datum: T) => MarkStory | null): Plot.Markish {
  return (_index, _scales, _values, _dimensions, context) => {
    pointed.set(context.ownerSVGElement, datum => story(datum as T));
    return null;
  };
}

/** Gives the story of the datum that a plot's tip tells of at present; null when there is none. */
export function storyUnderPointer(plot: Element): MarkStory | null {
  const { value } = plot as Element & { readonly value?: unknown };
  return value === null || value === undefined ? null : (pointed.get(plot)?.(value) ?? null);
}

/** Reads the story that an element bears; null when it bears none. */
export function storyOf(element: Element | null): MarkStory | null {
  const text = element?.getAttribute("data-explain");
  return text === null || text === undefined ? null : (JSON.parse(text) as MarkStory);
}

/** Options of a mark that make each of its elements bear its story. */
export function bearing<T>(
  data: readonly T[],
  story: (datum: T) => MarkStory,
): { readonly render: Plot.RenderFunction } {
  return {
    render(index, scales, values, dimensions, context, next) {
      const drawn = next?.(index, scales, values, dimensions, context) ?? null;
      // A clipped mark has a group more around its elements.
      const clipped = drawn?.firstElementChild?.localName === "g" ? drawn.firstElementChild : drawn;
      index.forEach((i, place) =>
        clipped?.children[place]?.setAttribute("data-explain", JSON.stringify(story(data[i]))),
      );
      return drawn;
    },
  };
}

/** Most targets that are laid over a line or an area so that its parts can be clicked and walked along. */
const MOST_TARGETS = 160;

/** Takes every so many of a list in order, few enough to be targets. */
export function targets<T>(list: readonly T[]): readonly T[] {
  const every = Math.ceil(list.length / MOST_TARGETS);
  return every <= 1 ? list : list.filter((_, i) => i % every === 0);
}

/** Makes an element that is no mark of a plot, such as a figure in a table, bear a story, and the keyboard reach it. */
export function bear(element: HTMLElement, story: MarkStory): void {
  element.setAttribute("data-explain", JSON.stringify(story));
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", `${element.textContent ?? ""}: story of ${story.title}`);
}

/** Lets the keyboard reach the marks that bear a story: the first by Tab, and the others from there. */
export function focusable(plot: SVGSVGElement): void {
  const marks = plot.querySelectorAll("[data-explain]");
  if (marks.length === 0 || marks.length > MOST_FOCUSABLE) return;
  plot.removeAttribute("aria-hidden");
  for (const part of plot.children)
    if (part.querySelector("[data-explain]") === null) part.setAttribute("aria-hidden", "true");
  marks.forEach((mark, i) => {
    mark.setAttribute("tabindex", i === 0 ? "0" : "-1");
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-label", `Story of ${storyOf(mark)?.title ?? "this mark"}`);
  });
}
