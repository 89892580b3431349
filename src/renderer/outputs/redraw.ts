/**
 * Puts a new drawing in place of another without losing what somebody is doing with it: the mark that has the focus, the stretch that is
 * brushed, and the tip that is shown or pinned. What is held is held in the units of the axes, not in pixels.
 */
import type * as Plot from "@observablehq/plot";
import { keepBrush } from "../../charts/brush.ts";

/** A place on the page, pixels. */
type Place = { readonly clientX: number; readonly clientY: number };

/** Where the pointer was last over a drawing, on the page; nothing once it has left. */
const pointers = new WeakMap<HTMLElement, Place>();
/** Where it last pressed a plot: there is the tip that it pinned. */
const presses = new WeakMap<Element, Place>();

/** Remembers where the pointer is over a drawing, and where it presses. Gives the way to end it. */
export function followPointer(drawing: HTMLElement): () => void {
  const move = ({ clientX, clientY, isTrusted }: PointerEvent): void => {
    if (isTrusted) pointers.set(drawing, { clientX, clientY });
  };
  const press = (event: PointerEvent): void => {
    move(event);
    const { target, clientX, clientY, isTrusted } = event;
    const svg = target instanceof Element ? target.closest("svg") : null;
    if (svg !== null && isTrusted) presses.set(svg, { clientX, clientY });
  };
  const leave = (): void => void pointers.delete(drawing);
  drawing.addEventListener("pointermove", move, { capture: true });
  drawing.addEventListener("pointerdown", press, { capture: true });
  drawing.addEventListener("pointerleave", leave);
  return () => {
    drawing.removeEventListener("pointermove", move, { capture: true });
    drawing.removeEventListener("pointerdown", press, { capture: true });
    drawing.removeEventListener("pointerleave", leave);
    leave();
  };
}

/** Draws anew: `make` gives what takes the place of everything in `drawing`. */
export function redraw(drawing: HTMLElement, make: () => Element): void {
  const before = drawing.firstElementChild;
  const focus = focusIn(drawing);
  const tips = tipsIn(drawing);
  const made = make();
  drawing.replaceChildren(made);
  keepBrush(before, made);
  for (const tip of tips) showAgain(made, tip);
  focus?.(made);
}

/** Gives the way to focus in another drawing the mark that has the focus in this one, if it is still there. */
function focusIn(drawing: HTMLElement): ((made: Element) => void) | null {
  const focused = drawing.contains(document.activeElement) ? document.activeElement : null;
  const story = focused?.getAttribute("data-explain") ?? null;
  if (story === null) return null;
  return made => {
    for (const mark of made.querySelectorAll<SVGElement>("[data-explain]"))
      if (mark.getAttribute("data-explain") === story) {
        mark.focus({ preventScroll: true });
        return;
      }
  };
}

/** A tip that is shown: in which of the drawing's plots, at which place of its axes, and whether it is pinned. */
interface Tip {
  readonly plot: number;
  readonly x: number | null;
  readonly y: number | null;
  /** Where it was on the page, for axes that cannot say a place. */
  readonly at: Place;
  readonly pinned: boolean;
}

function plotsIn(of: Element): SVGSVGElement[] {
  return [...of.querySelectorAll<SVGSVGElement>("svg")].filter(svg => "scale" in svg);
}

function tipsIn(drawing: HTMLElement): Tip[] {
  return plotsIn(drawing).flatMap((svg, plot): Tip[] => {
    const { value } = svg as SVGSVGElement & { readonly value?: unknown };
    if (value === null || value === undefined) return [];
    const pinned = svg.querySelector('[aria-label="tip"][pointer-events="all"]') !== null;
    const at = (pinned ? presses.get(svg) : undefined) ?? pointers.get(drawing);
    if (at === undefined) return [];
    const [px, py] = inPlot(svg, at);
    return [{ plot, x: unitsAt(svg, "x", px), y: unitsAt(svg, "y", py), at, pinned }];
  });
}

function showAgain(made: Element, { plot, x, y, at, pinned }: Tip): void {
  const svg = plotsIn(made)[plot];
  if (svg === undefined) return;
  const place = pinned ? onPage(svg, x, y, at) : at;
  const told = { pointerType: "mouse", ...place };
  svg.dispatchEvent(new PointerEvent("pointermove", told));
  if (!pinned) return;
  presses.set(svg, place);
  svg.dispatchEvent(new PointerEvent("pointerdown", told));
}

function inPlot(svg: SVGSVGElement, { clientX, clientY }: Place): readonly [number, number] {
  const shown = svg.getBoundingClientRect();
  const ratio = shown.width > 0 ? svg.viewBox.baseVal.width / shown.width : 1;
  return [(clientX - shown.left) * ratio, (clientY - shown.top) * ratio];
}

function scaleOf(svg: SVGSVGElement, name: "x" | "y"): Plot.Scale | undefined {
  return (svg as unknown as Plot.Plot).scale(name);
}

function unitsAt(svg: SVGSVGElement, name: "x" | "y", pixel: number): number | null {
  const value: unknown = scaleOf(svg, name)?.invert?.(pixel);
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Where on the page a place of the axes is now; of an axis that cannot say, where it was. */
function onPage(svg: SVGSVGElement, x: number | null, y: number | null, at: Place): Place {
  const shown = svg.getBoundingClientRect();
  const ratio = shown.width > 0 ? svg.viewBox.baseVal.width / shown.width : 1;
  const pixel = (name: "x" | "y", unit: number | null): number | null => {
    const value: unknown = unit === null ? null : scaleOf(svg, name)?.apply(unit);
    return typeof value === "number" && Number.isFinite(value) ? value / ratio : null;
  };
  const [px, py] = [pixel("x", x), pixel("y", y)];
  return { clientX: px === null ? at.clientX : shown.left + px, clientY: py === null ? at.clientY : shown.top + py };
}
