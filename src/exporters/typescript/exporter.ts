/**
 * Prints a pipeline as a TypeScript script that needs nothing but the engine: one `const` for each source and for each
 * stream that is read twice, chained verbs otherwise. Running it prints the result's rows and the hash of its output.
 */
import { profileNamed } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import { inputsOf, type Node, topological, verbOf } from "../../pipeline/node.ts";
import type { Exporter, ExportObstacle } from "../exporter.ts";
import { applyingRules, wrapped } from "../rules.ts";
import { WIDTH } from "./literal.ts";
import { Script } from "./script.ts";
import { printVerb, type VerbContext } from "./verbs.ts";

/** Every name that a script may import; streams are never called like one of them. */
const LIBRARY: ReadonlySet<string> = new Set(
  (
    "source rows desc op captured runPipeline global fixed sliding sessions cumulating calendar afterWatermark afterCount " +
    "afterProcessingTime repeatedly afterEach afterAny afterAll orFinally never DEFAULT_TRIGGER bounded perfect percentile " +
    "punctuated adaptive manual"
  ).split(" "),
);

export const typescript: Exporter = {
  name: "typescript",
  title: "TypeScript script",
  profile: "tidemark",
  export({ node, name, source }) {
    const obstacles = obstaclesOf(node);
    const script = new Script(LIBRARY, []);
    const result = script.name(name);
    const names = nameStreams(node, result, script);
    const statements: string[] = [];
    const context: VerbContext = {
      script,
      stream: input => names.get(identity(input)) ?? printChain(input, context, names, "    "),
    };
    const written = new Set<string>();
    for (const part of topological([node])) {
      const id = identity(part);
      const own = names.get(id);
      if (own === undefined || written.has(id)) continue;
      written.add(id);
      if (part.verb === "source") source(part);
      statements.push(`const ${own} = ${printChain(part, context, names, "  ", true)};`);
    }
    if (obstacles.some(o => o.severity === "refuse")) return { files: [], obstacles };
    script.imports.use("runPipeline");
    const constants = [...script.constants].map(([constant, value]) => `const ${constant} = ${value};`);
    const text = [
      header(node, name, obstacles),
      importLines(script.imports.names),
      "",
      ...(constants.length > 0 ? [...constants, ""] : []),
      ...statements.flatMap(s => [s, ""]),
      "// Data files are looked for in the folder named on the command line, or else beside this script.",
      `const result = await runPipeline(${result}, { folder: process.argv[2] ?? import.meta.dirname });`,
      "for (const line of result.jsonLines()) console.log(line);",
      "console.error(`output hash $" + "{result.hash}`);",
      "",
    ].join("\n");
    return { files: [{ name: `${result}.ts`, text }], obstacles };
  },
};

function importLines(names: readonly string[]): string {
  const oneLine = `import { ${names.join(", ")} } from "tidemark";`;
  return oneLine.length <= WIDTH ? oneLine : `import {\n${names.map(n => `  ${n},`).join("\n")}\n} from "tidemark";`;
}

/** Sources, the result and everything that is read more than once get names of their own. */
function nameStreams(root: Node, result: string, script: Script): Map<string, string> {
  const readers = new Map<string, number>();
  const seen = new Set<string>();
  const order = topological([root]).filter(n => !seen.has(identity(n)) && seen.add(identity(n)));
  for (const node of order)
    for (const input of inputsOf(node)) readers.set(identity(input), (readers.get(identity(input)) ?? 0) + 1);
  const names = new Map<string, string>();
  for (const node of order) {
    const id = identity(node);
    if (id === identity(root)) names.set(id, result);
    else if (node.verb === "source")
      names.set(id, script.name(node.input.kind === "rows" ? "events" : node.input.name));
    else if ((readers.get(id) ?? 0) > 1) names.set(id, script.name(NAMES[node.verb]));
  }
  return names;
}

/** What a stream is called that the notebook has no name for. */
const NAMES: Readonly<Record<Node["verb"], string>> = {
  source: "events",
  filter: "filtered",
  derive: "derived",
  select: "selected",
  aggregate: "totals",
  port: "side",
  union: "merged",
  join: "joined",
  dedupe: "distinct",
  topN: "top",
  integrate: "balances",
  differentiate: "flows",
  reconcile: "reconciled",
  nowcast: "expected",
  branch: "branches",
  sample: "sampled",
  orderby: "ordered",
  flatMap: "items",
  withLateness: "disturbed",
  lookup: "enriched",
  intervalJoin: "paired",
  asofJoin: "matched",
  stateful: "states",
};

/** Writes a stream: the chain of verbs back to the nearest stream with a name. `own` skips the name of the node itself. */
function printChain(
  node: Node,
  context: VerbContext,
  names: ReadonlyMap<string, string>,
  indent: string,
  own = false,
): string {
  const calls: string[] = [];
  let at: Node | null = node;
  let head = "";
  while (at !== null) {
    const named: string | undefined = own && at === node ? undefined : names.get(identity(at));
    if (named !== undefined) {
      head = named;
      break;
    }
    const printed = printVerb(at, context);
    if (printed.on === null) {
      head = printed.calls[0];
      break;
    }
    calls.unshift(...printed.calls);
    at = printed.on;
  }
  if (calls.length === 0) return head;
  const deeper = indent.slice(2);
  const oneLine = `${head}${calls.join("")}`;
  if (calls.length === 1 && !oneLine.includes("\n") && oneLine.length < 80) return oneLine;
  return [head, ...calls.map(c => `${indent}${c.replaceAll("\n", `\n${deeper}`)}`)].join("\n");
}

/** What cannot be run outside of the notebook, as far as the pipeline alone tells. */
function obstaclesOf(root: Node): ExportObstacle[] {
  const obstacles: ExportObstacle[] = [];
  for (const node of topological([root]))
    if (node.verb === "source" && node.watermark.basis.kind === "manual")
      obstacles.push({
        severity: "warn",
        kind: "differs",
        where: verbOf(node).describe(node),
        reason:
          "Its watermark is moved by hand; in a script nobody does, so windows complete at the end of the input only.",
      });
  return obstacles;
}

function header(node: Node, name: string, obstacles: readonly ExportObstacle[]): string {
  const paragraph = (text: string): string[] => wrapped(text, 106).map(line => ` * ${line}`);
  const bullet = (text: string): string[] => wrapped(text, 104).map((line, i) => ` * ${i === 0 ? "-" : " "} ${line}`);
  return [
    "/**",
    ...paragraph(`${name}: ${verbOf(node).describe(node)}`.replaceAll("*/", "* /")),
    " *",
    ...paragraph(`Written by Tidemark. Pipeline ${identity(node)}, profile tidemark.`),
    ...applyingRules(node, profileNamed("tidemark")).flatMap(bullet),
    ...obstacles.flatMap(o => bullet(`Differs: ${o.where}: ${o.reason}`.replaceAll("*/", "* /"))),
    " */",
  ].join("\n");
}
