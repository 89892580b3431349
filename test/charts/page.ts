/** A page without a browser: where tests and the gallery draw. */
import { JSDOM } from "jsdom";

export const page: Document = new JSDOM("<!doctype html><html><body></body></html>").window.document;

/** Writes an element in a form that does not change from run to run: numbers to one decimal, generated names counted. */
export function normalised(element: Element): string {
  return element.outerHTML
    .replace(/<style>[\s\S]*?<\/style>/g, "")
    .replace(/plot-[0-9a-f]{6,}/g, "plot")
    .replace(/plot-clip-\d+/g, "plot-clip")
    .replace(/tidemark-hatch-\d+/g, "tidemark-hatch")
    .replace(/-?\d+\.\d{2,}/g, n => String(Math.round(Number(n) * 10) / 10))
    .replace(/></g, ">\n<");
}
