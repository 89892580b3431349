/**
 * Brushing: a rectangle dragged over a plot says what lies in it. The sentence stands under the chart; whoever shows the chart
 * may listen for `chart-selection` (its detail: both stretches in ms, or null when the selection is cleared) to do more.
 */
import type * as Plot from "@observablehq/plot";
import { ACCENT, svgElement } from "./look.ts";

/** What a brush selected: stretches of the horizontal and the vertical scale. */
export interface Selection {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** The event's name; it bubbles. */
export const SELECTION = "chart-selection";

/** Fewer pixels than this are a click, which clears. */
const SMALLEST = 4;

/** A brush as a redraw finds it: what is selected, and what is being dragged, in the units of the scales. */
interface Held {
  readonly selection: Selection | null;
  /** Where the drag began, where the pointer is on the page, and which pointer it is. */
  readonly drag: {
    readonly from: readonly [number, number];
    readonly to: { readonly clientX: number; readonly clientY: number };
    readonly pointer: number;
  } | null;
}

interface Brush {
  held(): Held;
  take(held: Held): void;
}

const brushes = new WeakMap<Element, Brush>();

/**
 * Hands the brush of a drawing on to the one that takes its place, once that is in the page: the same stretches stay selected wherever
 * the new axes put them, and a drag goes on.
 */
export function keepBrush(before: Element | null, after: Element | null): void {
  const plot = (of: Element | null): Element | null =>
    of?.querySelector<SVGElement>(".tm-brush")?.ownerSVGElement ?? null;
  const [old, made] = [plot(before), plot(after)];
  const held = old === null ? undefined : brushes.get(old)?.held();
  if (held === undefined || made === null || (held.selection === null && held.drag === null)) return;
  brushes.get(made)?.take(held);
}

/** Makes a plot brushable. `describe` says in a sentence what a selection holds. */
export function brushable(figure: HTMLElement, svg: SVGSVGElement, describe: (selection: Selection) => string): void {
  const document = figure.ownerDocument;
  const scales = svg as unknown as Plot.Plot;
  const x = scales.scale("x");
  const y = scales.scale("y");
  if (x?.invert === undefined || y?.invert === undefined) return;
  const frame = { x: x.range as readonly number[], y: y.range as readonly number[] };
  const inside = (value: number, [a, b]: readonly number[]): number =>
    Math.min(Math.max(value, Math.min(a, b)), Math.max(a, b));
  const said = document.createElement("p");
  said.className = "tm-chart-selection";
  said.setAttribute("aria-live", "polite");
  Object.assign(said.style, { margin: "4px 0 0", fontSize: "12.5px", color: ACCENT, minHeight: "1.45em" });
  const box = svgElement(document, "rect", { class: "tm-brush", width: 0, height: 0, "pointer-events": "none" });
  Object.assign(box.style, { fill: ACCENT, fillOpacity: "0.12", stroke: ACCENT, strokeOpacity: "0.7" });
  svg.append(box);
  svg.after(said);
  Object.assign(svg.style, { cursor: "crosshair", touchAction: "pan-y" });

  /** A pointer's place in the plot's own pixels, also where the page shows it smaller. */
  const place = (event: { readonly clientX: number; readonly clientY: number }): readonly [number, number] => {
    const shown = svg.getBoundingClientRect();
    const own = svg.viewBox.baseVal;
    const ratio = shown.width > 0 ? own.width / shown.width : 1;
    return [
      inside((event.clientX - shown.left) * ratio, frame.x),
      inside((event.clientY - shown.top) * ratio, frame.y),
    ];
  };
  let selection: Selection | null = null;
  let drag: Held["drag"] = null;
  const draw = ([ax, ay]: readonly [number, number], [bx, by]: readonly [number, number]): void => {
    box.setAttribute("x", String(Math.min(ax, bx)));
    box.setAttribute("y", String(Math.min(ay, by)));
    box.setAttribute("width", String(Math.abs(bx - ax)));
    box.setAttribute("height", String(Math.abs(by - ay)));
  };
  const inUnits = ([px, py]: readonly [number, number]): readonly [number, number] => [
    x.invert?.(px) as number,
    y.invert?.(py) as number,
  ];
  const inPixels = ([ux, uy]: readonly [number, number]): readonly [number, number] => [
    inside(x.apply(ux) as number, frame.x),
    inside(y.apply(uy) as number, frame.y),
  ];
  const show = (): void => {
    if (drag !== null) draw(inPixels(drag.from), place(drag.to));
    else if (selection === null) draw([0, 0], [0, 0]);
    else draw(inPixels([selection.x[0], selection.y[0]]), inPixels([selection.x[1], selection.y[1]]));
    said.textContent = selection === null ? "" : describe(selection);
  };
  const select = (to: Selection | null): void => {
    selection = to;
    show();
    const CustomEvent = document.defaultView?.CustomEvent ?? globalThis.CustomEvent;
    figure.dispatchEvent(new CustomEvent(SELECTION, { bubbles: true, detail: selection }));
  };
  const press = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    // A tip under the pointer would take the press for itself and stay.
    event.stopImmediatePropagation();
    drag = { from: inUnits(place(event)), to: event, pointer: event.pointerId };
    svg.setPointerCapture?.(event.pointerId);
    draw(place(event), place(event));
  };
  svg.addEventListener("pointerdown", press, { capture: true });
  svg.addEventListener("pointermove", event => {
    if (drag === null) return;
    drag = { ...drag, to: { clientX: event.clientX, clientY: event.clientY } };
    draw(inPixels(drag.from), place(event));
  });
  svg.addEventListener("pointerup", event => {
    if (drag === null) return;
    const { from } = drag;
    const [a, b] = [inPixels(from), place(event)];
    drag = null;
    if (Math.abs(a[0] - b[0]) < SMALLEST || Math.abs(a[1] - b[1]) < SMALLEST) {
      select(null);
      return;
    }
    const to = inUnits(b);
    const stretch = (i: 0 | 1): readonly [number, number] => [Math.min(from[i], to[i]), Math.max(from[i], to[i])];
    select({ x: stretch(0), y: stretch(1) });
  });
  svg.addEventListener("pointercancel", () => {
    drag = null;
    show();
  });
  brushes.set(svg, {
    held: () => ({ selection, drag }),
    take(held) {
      ({ selection, drag } = held);
      // The pointer was held by the plot that is gone.
      if (drag !== null && svg.isConnected) svg.setPointerCapture?.(drag.pointer);
      show();
    },
  });
}
