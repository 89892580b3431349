/** Clicks and keys on the marks of a chart: each asks for the story of what the mark stands for. */
import { type MarkStory, storyOf, storyUnderPointer } from "../../charts/stories.ts";

/** Pixels that a pointer may move between press and release; beyond them it drags. */
const STILL = 4;

/** Asks for stories of the marks in an element, whatever is drawn there later. Gives the way to end it. */
export function askOnClick(drawing: HTMLElement, ask: (story: MarkStory) => void): () => void {
  let pressed: readonly [number, number] | null = null;
  const at = (event: MouseEvent): MarkStory | null => {
    // A brush takes the pointer for itself, so that the event's own target is the plot.
    const under = drawing.ownerDocument
      .elementsFromPoint(event.clientX, event.clientY)
      .filter(e => drawing.contains(e));
    for (const element of under) {
      const plot = element.closest("svg");
      const told = plot === null ? null : storyUnderPointer(plot);
      if (told !== null) return told;
    }
    return storyOf(under.find(element => element.hasAttribute("data-explain")) ?? null);
  };
  const press = (event: PointerEvent): void => {
    pressed = event.button === 0 ? [event.clientX, event.clientY] : null;
  };
  const click = (event: MouseEvent): void => {
    if (pressed === null || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > STILL) return;
    const story = at(event);
    if (story !== null) ask(story);
    loosen(event);
  };
  // A click asks; it does not draw a ring of focus around a mark, as the keyboard does.
  const hold = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest("[data-explain]") !== null) event.preventDefault();
  };
  const move = (event: PointerEvent): void => {
    drawing.toggleAttribute("data-asks", event.buttons === 0 && at(event) !== null);
  };
  const key = (event: KeyboardEvent): void => {
    const mark = event.target instanceof Element ? event.target.closest("[data-explain]") : null;
    if (mark === null) return;
    const story = storyOf(mark);
    if (event.key === "Enter" || event.key === " ") {
      if (story !== null) ask(story);
    } else if (event.key === "ArrowRight") step(mark, 1);
    else if (event.key === "ArrowLeft") step(mark, -1);
    else if (event.key === "ArrowDown") climb(mark, 1);
    else if (event.key === "ArrowUp") climb(mark, -1);
    else return;
    // The notebook has its own meaning for these keys.
    event.preventDefault();
    event.stopPropagation();
  };
  // The brush stops presses on their way down to the plot, so this one listens before it.
  drawing.addEventListener("pointerdown", press, { capture: true });
  drawing.addEventListener("mousedown", hold);
  drawing.addEventListener("click", click);
  drawing.addEventListener("pointermove", move);
  drawing.addEventListener("keydown", key);
  return () => {
    drawing.removeEventListener("pointerdown", press, { capture: true });
    drawing.removeEventListener("mousedown", hold);
    drawing.removeEventListener("click", click);
    drawing.removeEventListener("pointermove", move);
    drawing.removeEventListener("keydown", key);
  };
}

/**
 * Lets a plot's tip follow the pointer again. Plot pins it with a press and lets go with the next one, so that a second click would
 * ask about nothing. A plot that is brushed keeps presses for itself, and pins nothing.
 */
function loosen({ target, clientX, clientY }: MouseEvent): void {
  const plot = target instanceof Element ? target.closest("svg") : null;
  if (plot === null || plot.querySelector(".tm-brush") !== null || storyUnderPointer(plot) === null) return;
  const told = { pointerType: "mouse", clientX, clientY };
  plot.dispatchEvent(new PointerEvent("pointerdown", told));
  plot.dispatchEvent(new PointerEvent("pointermove", told));
}

function marksBeside(mark: Element): SVGElement[] {
  return [...(mark.closest("svg")?.querySelectorAll<SVGElement>("[data-explain]") ?? [])];
}

function step(mark: Element, by: number): void {
  const marks = marksBeside(mark);
  marks[(marks.indexOf(mark as SVGElement) + by + marks.length) % marks.length]?.focus();
}

/** Goes to the nearest mark below or above; where all stand side by side, to the next one. */
function climb(mark: Element, by: number): void {
  const middle = (of: Element): readonly [number, number] => {
    const box = of.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = middle(mark);
  const there = marksBeside(mark)
    .map(other => ({ other, at: middle(other) }))
    .filter(({ at }) => (at[1] - y) * by > 2)
    .map(({ other, at }) => ({ other, down: Math.abs(at[1] - y), aside: Math.abs(at[0] - x) }))
    .sort((a, b) => (Math.abs(a.down - b.down) > 2 ? a.down - b.down : a.aside - b.aside));
  if (there.length > 0) there[0].other.focus();
  else step(mark, by);
}
