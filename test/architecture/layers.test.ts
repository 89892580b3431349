/** Holds the table of layers in ARCHITECTURE.md against every import in `src`, type-only ones included. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

/** Which layers a layer may import besides itself. */
const LAYERS: Record<string, readonly string[]> = {
  model: [],
  columns: ["model"],
  expressions: ["model", "columns"],
  pipeline: ["model", "columns", "expressions"],
  engine: ["model", "columns", "expressions", "pipeline"],
  connectors: ["model", "columns", "expressions", "pipeline"],
  exporters: ["model", "columns", "expressions", "pipeline", "connectors"],
  notebook: ["model"],
  protocol: [],
  charts: ["model", "columns", "expressions", "pipeline", "protocol"],
  session: [
    "model",
    "columns",
    "expressions",
    "pipeline",
    "engine",
    "connectors",
    "exporters",
    "notebook",
    "protocol",
    "charts",
  ],
  renderer: ["protocol", "notebook", "charts", "session", "model"],
  main: ["browser", "protocol", "cli", "notebook", "session"],
  preload: ["protocol"],
  browser: ["protocol", "notebook", "connectors"],
  cli: [
    "model",
    "columns",
    "session",
    "browser",
    "notebook",
    "protocol",
    "engine",
    "pipeline",
    "connectors",
    "exporters",
  ],
};

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function imports(file: string): { specifier: string; line: number }[] {
  const out: { specifier: string; line: number }[] = [];
  readFileSync(file, "utf8")
    .split("\n")
    .forEach((text, i) => {
      for (const match of text.matchAll(/(?:^|\s|\()(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
        out.push({ specifier: match[1], line: i + 1 });
    });
  return out;
}

const layerOf = (path: string): string => relative(SRC, path).split("/")[0];

test("every import stays within its layer's reach", () => {
  const wrong: string[] = [];
  for (const file of files(SRC)) {
    const layer = layerOf(file);
    // The public entry composes; everything else lives in a layer.
    if (layer === "index.ts") continue;
    const may = LAYERS[layer];
    if (may === undefined) {
      wrong.push(`${relative(SRC, file)}: "${layer}" is no layer`);
      continue;
    }
    for (const { specifier, line } of imports(file)) {
      const target = resolve(dirname(file), specifier);
      if (!target.startsWith(SRC)) continue;
      const to = layerOf(target);
      if (to !== layer && !may.includes(to)) wrong.push(`${relative(SRC, file)}:${line} imports ${to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("one file alone makes code from text", () => {
  const makers = files(SRC).filter(file =>
    /\bnew Function\(|[^.\w]Function\(|\beval\(/.test(withoutComments(readFileSync(file, "utf8"))),
  );
  expect(makers.map(f => relative(SRC, f))).toEqual(["expressions/compile.ts"]);
});

test("the core reads no wall clock and no unseeded randomness", () => {
  const core = ["model", "columns", "expressions", "pipeline", "engine"].flatMap(layer => files(join(SRC, layer)));
  const wrong = core.filter(file =>
    /\b(Date\.now|Math\.random|performance\.now)\(/.test(withoutComments(readFileSync(file, "utf8"))),
  );
  expect(wrong.map(f => relative(SRC, f))).toEqual([]);
});

test("there is no attic", () => {
  const attics = files(SRC).filter(f => /(^|\/)(utils?|common|helpers?|misc|managers?)(\.|\/)/.test(relative(SRC, f)));
  expect(attics).toEqual([]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}
