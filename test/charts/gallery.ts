/**
 * Writes every chart into one page, light and dark: `npm run gallery` → test/output/gallery.html. Every chart runs in the
 * engine over the project's samples, or over a small log made for it. `npm run gallery -- NAME` draws those of one name.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHARTS } from "../../src/charts/index.ts";
import { drawFigure, FIGURES } from "./figures.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const tokens = readFileSync(join(root, "src/renderer/styles/tokens.css"), "utf8");
const only = process.argv[2];
const shown = FIGURES.filter(f => only === undefined || f.chart.includes(only));

const sections: string[] = [];
for (const figure of shown) {
  const element = await drawFigure(figure);
  const { title, question } = CHARTS[figure.chart];
  sections.push(
    `<section id="${figure.chart}"><h2>${title}: ${figure.title}</h2><p class="question">${question}</p>${element.outerHTML}</section>`,
  );
}

const html = `<!doctype html>
<html lang="en" data-theme="light">
<meta charset="utf-8">
<title>Tidemark charts</title>
<style>
${tokens}
body { margin: 0; background: var(--paper); color: var(--ink); font-family: var(--face-text); font-size: 14px; }
main { max-width: 780px; margin: 0 auto; padding: 40px 30px; }
section { margin-bottom: 56px; }
h1 { font-size: 26px; } h2 { font-size: 18px; margin: 0 0 2px; } .question { color: var(--ink-3); margin: 0 0 14px; font-size: 12.5px; }
button { position: fixed; top: 16px; right: 16px; font: inherit; padding: 6px 12px; }
</style>
<button onclick="document.documentElement.dataset.theme = document.documentElement.dataset.theme === 'light' ? 'dark' : 'light'">Light / dark</button>
<main><h1>Charts</h1>
${sections.join("\n")}
</main>
</html>
`;

const out = join(root, "test/output");
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "gallery.html"), html);
console.log(`${shown.length} charts in test/output/gallery.html`);
