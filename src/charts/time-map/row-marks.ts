/** Rows in a time map: one by one while they are few, in cells beyond that. What was late or dropped is drawn larger, and last. */
import type * as Plot from "@observablehq/plot";
import { DROPPED, LATE, ON_TIME, type Shape, shapePath, svgElement, TIMING_COLOURS } from "../look.ts";
import { type Bounds, FATES, type Scene } from "./scene.ts";

const SHAPES: Readonly<Record<string, Shape>> = { "on-time": "dot", late: "diamond", dropped: "cross" };

/** Draws the rows of each fate as one path: ten thousand dots cost one element. */
export function rowMarks(scene: Scene, crowd: number): Plot.Markish[] {
  const radius = crowd <= 60 ? 4.5 : crowd <= 600 ? 3 : crowd <= 5_000 ? 2 : 1.5;
  return FATES.map(fate => {
    const marks = scene.marks.filter(m => m.fate === fate);
    return (
      _index: number[],
      scales: Plot.ScaleFunctions,
      _values: unknown,
      _dimensions: unknown,
      context: { document: Document },
    ) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      // What was late or dropped is rare and matters: it is drawn larger, and last.
      const r = fate === "on-time" ? radius : Math.max(radius * 1.15, 2.4);
      // A dot is a line of no length with round ends: the shortest way to say it ten thousand times.
      let d = "";
      if (fate === "on-time")
        for (const m of marks) d += `M${Math.round(x(m.event) * 10) / 10},${Math.round(y(m.arrival) * 10) / 10}h0`;
      else for (const m of marks) d += shapePath(SHAPES[fate], x(m.event), y(m.arrival), r);
      const path = svgElement(context.document, "path", { d, class: `tm-rows tm-${fate}` });
      const styles = {
        "on-time": {
          fill: "none",
          stroke: ON_TIME,
          strokeWidth: String(r * 2),
          strokeLinecap: "round",
          strokeOpacity: crowd > 600 ? "0.55" : "0.9",
        },
        late: { fill: LATE, fillOpacity: "0.9" },
        dropped: { fill: "none", stroke: DROPPED, strokeWidth: String(Math.max(1.3, r * 0.45)) },
      };
      Object.assign(path.style, styles[fate]);
      return path;
    };
  });
}

/** Draws cells of rows: darker where there are more of them, by the cube root, since counts span four decades. */
export function cellMarks(scene: Scene, cell: number, { x: [x0, x1] }: Bounds): Plot.Markish[] {
  return FATES.map(fate => {
    const marks = scene.marks.filter(m => m.fate === fate && m.event > x0 && m.event < x1);
    const most = marks.reduce((a, m) => Math.max(a, m.rows), 1);
    return (
      _index: number[],
      scales: Plot.ScaleFunctions,
      _values: unknown,
      _dimensions: unknown,
      context: { document: Document },
    ) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      const group = svgElement(context.document, "g", { class: `tm-cells tm-${fate}` });
      const side = Math.max(Math.abs(x(cell) - x(0)), 1.6);
      const tall = Math.max(Math.abs(y(cell) - y(0)), 1.6);
      // Few shades, one path each: a cell costs a rectangle in a path, not an element.
      const shades = 6;
      const paths = Array.from({ length: shades }, () => "");
      for (const m of marks) {
        const shade = Math.min(shades - 1, Math.floor(Math.cbrt(m.rows / most) * shades));
        const [cx, cy] = [x(m.event), y(m.arrival)];
        if (fate === "dropped") paths[shade] += shapePath("cross", cx, cy, 1.8 + shade * 0.5);
        else if (fate === "late") paths[shade] += shapePath("diamond", cx, cy, 1.3 + shade * 0.25);
        else
          paths[shade] +=
            `M${(cx - side / 2).toFixed(1)},${(cy - tall / 2).toFixed(1)}h${side.toFixed(1)}v${tall.toFixed(1)}h${(-side).toFixed(1)}Z`;
      }
      paths.forEach((d, shade) => {
        if (d === "") return;
        const path = svgElement(context.document, "path", { d });
        const opacity = String(
          (fate === "dropped" ? 0.6 : 0.25) + ((fate === "dropped" ? 0.4 : 0.7) * (shade + 1)) / shades,
        );
        if (fate === "dropped")
          Object.assign(path.style, { fill: "none", stroke: DROPPED, strokeWidth: "1.3", strokeOpacity: opacity });
        else Object.assign(path.style, { fill: TIMING_COLOURS[fate], fillOpacity: opacity });
        group.append(path);
      });
      return group;
    };
  });
}
