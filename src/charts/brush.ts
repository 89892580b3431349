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
  const place = (event: MouseEvent): readonly [number, number] => {
    const shown = svg.getBoundingClientRect();
    const own = svg.viewBox.baseVal;
    const ratio = shown.width > 0 ? own.width / shown.width : 1;
    return [
      inside((event.clientX - shown.left) * ratio, frame.x),
      inside((event.clientY - shown.top) * ratio, frame.y),
    ];
  };
  let from: readonly [number, number] | null = null;
  const draw = ([ax, ay]: readonly [number, number], [bx, by]: readonly [number, number]): void => {
    box.setAttribute("x", String(Math.min(ax, bx)));
    box.setAttribute("y", String(Math.min(ay, by)));
    box.setAttribute("width", String(Math.abs(bx - ax)));
    box.setAttribute("height", String(Math.abs(by - ay)));
  };
  const tell = (selection: Selection | null): void => {
    said.textContent = selection === null ? "" : describe(selection);
    const CustomEvent = document.defaultView?.CustomEvent ?? globalThis.CustomEvent;
    figure.dispatchEvent(new CustomEvent(SELECTION, { bubbles: true, detail: selection }));
  };
  const press = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    // A tip under the pointer would take the press for itself and stay.
    event.stopImmediatePropagation();
    from = place(event);
    svg.setPointerCapture?.(event.pointerId);
    draw(from, from);
  };
  svg.addEventListener("pointerdown", press, { capture: true });
  svg.addEventListener("pointermove", event => {
    if (from !== null) draw(from, place(event));
  });
  svg.addEventListener("pointerup", event => {
    if (from === null) return;
    const [a, b] = [from, place(event)];
    from = null;
    if (Math.abs(a[0] - b[0]) < SMALLEST || Math.abs(a[1] - b[1]) < SMALLEST) {
      draw([0, 0], [0, 0]);
      tell(null);
      return;
    }
    const stretch = (scale: Plot.Scale, p: number, q: number): readonly [number, number] => {
      const values = [scale.invert?.(p) as number, scale.invert?.(q) as number].sort((u, v) => u - v);
      return [values[0], values[1]];
    };
    tell({ x: stretch(x, a[0], b[0]), y: stretch(y, a[1], b[1]) });
  });
  svg.addEventListener("pointercancel", () => {
    from = null;
    draw([0, 0], [0, 0]);
  });
}
