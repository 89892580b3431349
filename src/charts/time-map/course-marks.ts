/** The watermark in a time map: one strong line, thin ones for its partitions, and the lateness horizon behind it. */
import type * as Plot from "@observablehq/plot";
import type { Course } from "../courses.ts";
import { DROPPED, PAPER, svgElement, WATERMARK } from "../look.ts";
import { type Bounds, courseLine } from "./scene.ts";

/** Draws watermarks as lines that stand still and jump, and how far behind the source's own rows are still taken. */
export function courseMarks(
  courses: readonly Course[],
  bounds: Bounds,
  until: number,
  lateness: number,
  single: boolean,
): Plot.Markish[] {
  const line = (course: Course, style: Readonly<Record<string, string>>, shift = 0): Plot.Markish => {
    const points = courseLine(course, bounds, until, shift, 1 / 1_400);
    return (_index, scales, _values, _dimensions, context) => {
      const { x, y } = scales as unknown as { x: (v: number) => number; y: (v: number) => number };
      const d = points
        .map(([w, p], i) => `${i === 0 ? "M" : "L"}${Math.round(x(w) * 10) / 10},${Math.round(y(p) * 10) / 10}`)
        .join("");
      const path = svgElement(context.document, "path", { d, class: "tm-watermark" });
      Object.assign(path.style, { fill: "none", strokeLinejoin: "round", ...style });
      return path;
    };
  };
  const marks = courses
    .filter(c => c.partition !== null)
    .map(c => line(c, { stroke: WATERMARK, strokeWidth: "0.9", strokeOpacity: "0.55" }));
  for (const course of courses.filter(c => c.partition === null)) {
    if (lateness > 0 && Number.isFinite(lateness))
      marks.push(
        line(
          course,
          { stroke: DROPPED, strokeWidth: "1.2", strokeDasharray: "1.5 3.5", strokeLinecap: "round" },
          -lateness,
        ),
      );
    // A rim of paper keeps the line apart from the crowd beneath it; over cells it would hide them instead.
    if (single) marks.push(line(course, { stroke: PAPER, strokeWidth: "5", strokeOpacity: "0.75" }));
    marks.push(line(course, { stroke: WATERMARK, strokeWidth: single ? "2.4" : "1.7" }));
  }
  return marks;
}
