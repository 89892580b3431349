/** A chart as a file: its plots as one SVG in which every colour is written out, and from that a PNG. */

export interface Picture {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

const copied = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "fill-opacity",
  "stroke-opacity",
  "opacity",
  "color",
  "font-family",
  "font-size",
  "font-weight",
  "font-variant-numeric",
  "paint-order",
  "mix-blend-mode",
] as const;

/** Gathers the plots of a drawing. Throws when there is none yet. */
export function pictureOf(drawing: HTMLElement): Picture {
  const frame = drawing.getBoundingClientRect();
  const plots = [...drawing.querySelectorAll("svg")].filter(svg => svg.parentElement?.closest("svg") == null);
  if (plots.length === 0 || frame.width === 0) throw new Error("There is nothing to save yet: the chart is empty.");
  const sheet = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sheet.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  sheet.setAttribute("width", String(Math.ceil(frame.width)));
  sheet.setAttribute("height", String(Math.ceil(frame.height)));
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  sheet.append(paper);
  for (const plot of plots) {
    const at = plot.getBoundingClientRect();
    const copy = plot.cloneNode(true) as SVGSVGElement;
    writeOut(plot, copy);
    copy.setAttribute("x", String(at.x - frame.x));
    copy.setAttribute("y", String(at.y - frame.y));
    copy.setAttribute("width", String(at.width));
    copy.setAttribute("height", String(at.height));
    sheet.append(copy);
  }
  for (const words of textsOf(drawing)) sheet.append(words);
  return { text: new XMLSerializer().serializeToString(sheet), width: frame.width, height: frame.height };
}

/** The words beside the plots (legend, summary) are HTML; each line of them becomes a text. */
function textsOf(drawing: HTMLElement): SVGTextElement[] {
  const frame = drawing.getBoundingClientRect();
  const walker = document.createTreeWalker(drawing, NodeFilter.SHOW_TEXT);
  const found: SVGTextElement[] = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent === null || parent.closest("svg, style") !== null || node.textContent?.trim() === "") continue;
    const style = getComputedStyle(parent);
    for (const line of linesOf(node as Text)) {
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("x", String(line.x - frame.x));
      text.setAttribute("y", String(line.bottom - frame.y - line.height * 0.24));
      text.setAttribute("fill", style.color);
      text.setAttribute("font-family", style.fontFamily);
      text.setAttribute("font-size", style.fontSize);
      text.setAttribute("font-weight", style.fontWeight);
      text.textContent = line.text;
      found.push(text);
    }
  }
  return found;
}

function linesOf(node: Text): { text: string; x: number; bottom: number; height: number }[] {
  const range = document.createRange();
  const lines: { text: string; x: number; bottom: number; height: number }[] = [];
  for (const word of node.data.matchAll(/\S+\s*/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].trimEnd().length);
    const box = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (last !== undefined && Math.abs(last.bottom - box.bottom) < 2) last.text += word[0];
    else lines.push({ text: word[0], x: box.x, bottom: box.bottom, height: box.height });
  }
  return lines;
}

function writeOut(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  const target = to as SVGElement;
  for (const name of copied) target.style.setProperty(name, style.getPropertyValue(name));
  for (let i = 0; i < from.children.length; i++) writeOut(from.children[i], to.children[i]);
}

/** Paints a picture at twice its size. */
export async function pngOf(picture: Picture): Promise<Blob> {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([picture.text], { type: "image/svg+xml" }));
  try {
    await new Promise((done, fail) => {
      image.onload = done;
      image.onerror = () => fail(new Error("The picture could not be painted; save it as SVG instead."));
      image.src = url;
    });
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(picture.width * 2);
    canvas.height = Math.ceil(picture.height * 2);
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("This browser gives no canvas; save the picture as SVG instead.");
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    return await new Promise<Blob>((done, fail) => {
      canvas.toBlob(
        blob => (blob === null ? fail(new Error("The picture is too large for a PNG.")) : done(blob)),
        "image/png",
      );
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
