/**
 * Prints a pipeline as a script for Apache Beam's Python SDK. It replays the log on Beam's own local runner and prints the
 * rows that come out, with their windows and panes; replaced by a real source, the same steps run on any Beam runner.
 *
 * Every node is looked at, so that all obstacles are listed, not only the first one.
 */
import type { Schema } from "../../columns/column.ts";
import { profileNamed } from "../../model/profiles.ts";
import type { WindowingStrategy } from "../../model/strategy.ts";
import { identity } from "../../pipeline/identity.ts";
import { type Node, schemaOf, topological, type VerbName, verbOf } from "../../pipeline/node.ts";
import { type AggregateNode, groupSchema, hasWindowColumns } from "../../pipeline/verbs/aggregate.ts";
import type { NamedExpression } from "../../pipeline/verbs/derive.ts";
import { selection } from "../../pipeline/verbs/select.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import type { Exporter, ExportRequest } from "../exporter.ts";
import { applyingRules, wrapped } from "../rules.ts";
import { beamCombiners } from "./combiners.ts";
import { beamDuration, differs, never, notImplemented, PythonScript, quoted } from "./script.ts";
import { defineSource } from "./source.ts";
import { beamTrigger } from "./triggers.ts";
import { beamWindow } from "./windows.ts";

/** A step of the pipeline: what stands after `|`. */
interface Step {
  readonly label: string;
  readonly text: string;
}

/** What lowering knows beside the node. */
interface Lowering {
  readonly script: PythonScript;
  schema(node: Node): Schema;
}

type Lower<N> = (node: N, lowering: Lowering) => readonly Step[];

const TEN_THOUSAND_YEARS = 315_569_520_000;

/** How each verb is said as steps after those of its input. Verbs that are not here cannot be said yet. */
const LOWERED: { readonly [V in VerbName]?: Lower<Extract<Node, { verb: V }>> } = {
  source: () => [],

  filter(node, { script, schema }) {
    const condition = script.condition(node, node.predicate, schema(node.input));
    return [{ label: describe(node), text: `beam.Filter(lambda row: ${condition})` }];
  },

  derive(node, { script, schema }) {
    const columns = columnTexts(node, node.columns, schema(node.input), script);
    return [{ label: describe(node), text: `beam.Map(lambda row: {**row, ${columns.join(", ")}})` }];
  },

  select(node, { schema }) {
    const names = schema(node.input).map(f => f.name);
    const kept = selection(node, names).map(({ from, to }) => `${quoted(to)}: row[${quoted(from)}]`);
    return [{ label: describe(node), text: `beam.Map(lambda row: {${kept.join(", ")}})` }];
  },

  aggregate: lowerAggregate,

  port(node, { script }) {
    const reasons: Readonly<Record<string, string>> = {
      late: "Beam's Python runner drops late rows without saying so; there is no output of them.",
      errors: "What a source could not read is counted by the script, not put out.",
      changes: "Beam has no weights: a pane replaces the one before it, it does not take it back.",
    };
    if (node.port === "panes" && node.input.verb === "aggregate" && node.input.strategy !== null) {
      script.cannot(
        node,
        differs(
          "Panes come with Beam's own description; when each came out (emitted_at) and its weight are not in it.",
        ),
      );
      return [];
    }
    script.cannot(node, never(reasons[node.port] ?? `Beam has no output such as "${node.port}".`));
    return [];
  },
};

function describe(node: Node): string {
  return verbOf(node).describe(node).slice(0, 90);
}

function columnTexts(node: Node, columns: readonly NamedExpression[], schema: Schema, script: PythonScript): string[] {
  return columns.map(({ name, expression }) => `${quoted(name)}: ${script.value(node, expression, schema)}`);
}

function lowerAggregate(node: AggregateNode, { script, schema }: Lowering): readonly Step[] {
  const input = schema(node.input);
  const keys = node.keys.map(({ name, expression }) => {
    const text = script.value(node, expression, input);
    const type = groupSchema(node, input).find(f => f.name === name)?.type;
    // Whole numbers and doubles that are equal have to be the same key.
    return expression.expr.kind !== "column" && type === "number" ? `float_of(${text})` : text;
  });
  if (keys.some(k => k.startsWith("float_of(")))
    script.define("float_of", `def float_of(value):\n    return None if value is None else float(value)`);
  const tuple = (parts: readonly string[]): string => (parts.length === 1 ? parts[0] : `(${parts.join(", ")})`);
  const calls = node.aggregates;
  const values = calls.map(call =>
    call.arguments.length === 0 ? "None" : script.value(node, call.arguments[0], input),
  );
  const combine = beamCombiners(calls, node, script);
  return [
    windowStep(node, node.strategy, script),
    {
      label: `by ${node.keys.map(k => k.name).join(", ") || "nothing"}`,
      text: `beam.Map(lambda row: (${tuple(keys.length === 0 ? ["None"] : keys)}, ${tuple(values)}))`,
    },
    { label: describe(node), text: `beam.CombinePerKey(${combine})` },
    { label: "result", text: `beam.ParDo(${defineResult(node, input, script)}())` },
  ];
}

function windowStep(node: AggregateNode, strategy: WindowingStrategy | null, script: PythonScript): Step {
  if (strategy === null) {
    script.cannot(
      node,
      differs(
        "Without a window the notebook keeps its result up to date by changes; in Beam it comes out once, when the log ends. The last rows are the same.",
      ),
    );
    return {
      label: "window",
      text: `beam.WindowInto(\n    window.GlobalWindows(),\n    trigger=trigger.AfterWatermark(),\n    accumulation_mode=trigger.AccumulationMode.DISCARDING,\n)`,
    };
  }
  if (strategy.accumulation === "retracting")
    script.cannot(
      node,
      never(
        "Beam cannot take panes back in any of its languages. Use accumulating, and let readers replace panes by key and window.",
      ),
    );
  if (strategy.onTime === "ifNonEmpty")
    script.cannot(
      node,
      never("Beam Python emits the on-time pane even if it is empty. Leave out emptyPanes({onTime})."),
    );
  if (strategy.closing !== null)
    script.cannot(node, never("Beam Python emits nothing when a window closes. Leave out emptyPanes({closing})."));
  const args = [
    beamWindow(strategy.window, node, script),
    `trigger=${beamTrigger(strategy, node, script)}`,
    `accumulation_mode=trigger.AccumulationMode.${strategy.accumulation.toUpperCase()}`,
    ...(strategy.allowedLateness === 0
      ? []
      : [
          `allowed_lateness=${strategy.allowedLateness === Infinity ? `${beamDuration(TEN_THOUSAND_YEARS * 1000, script)}` : beamDuration(strategy.allowedLateness, script)}`,
        ]),
    ...(strategy.timestampCombiner === "endOfWindow"
      ? []
      : [`timestamp_combiner=window.TimestampCombiner.OUTPUT_AT_${strategy.timestampCombiner.toUpperCase()}`]),
  ];
  return { label: "window", text: `beam.WindowInto(\n    ${args.join(",\n    ")},\n)` };
}

/** Defines the function that makes a row of each pane: its keys, its window's bounds, its results. */
function defineResult(node: AggregateNode, input: Schema, script: PythonScript): string {
  const group = groupSchema(node, input);
  const keys = node.keys.map(k => k.name);
  const windowed = hasWindowColumns(node.strategy);
  const local = new Map<string, string>();
  const name = (column: string): string => {
    let found = local.get(column);
    if (found === undefined) local.set(column, (found = `${pythonName(column)}`));
    return found;
  };
  const taken = new Set<string>(["self", "pane", "window", "key", "results"]);
  const pythonName = (column: string): string => {
    const base = column
      .replace(/^\$/, "")
      .replace(/\.0$/, "")
      .replace(/\W+/g, "_")
      .replace(/^(?=\d|$)/, "column_");
    let free = RESERVED.has(base) || taken.has(base) ? `${base}_` : base;
    while (taken.has(free)) free += "_";
    taken.add(free);
    return free;
  };
  const parts = (names: readonly string[]): string => (names.length === 1 ? names[0] : `(${names.join(", ")})`);
  const keyNames = keys.length === 0 ? "_" : parts(keys.map(name));
  const resultNames = node.aggregates.length === 0 ? "_" : parts(node.aggregates.map(a => name(a.name)));
  const outputs = node.outputs.map(
    ({ name: column, expression }) =>
      `${quoted(column)}: ${script.value(node, expression, group, c => (c === "window_start" ? "milliseconds(window.start)" : c === "window_end" ? "milliseconds(window.end)" : name(c)))}`,
  );
  const entries = [
    ...keys.map(k => `${quoted(k)}: ${name(k)}`),
    ...(windowed ? [`"window_start": milliseconds(window.start)`, `"window_end": milliseconds(window.end)`] : []),
    ...outputs,
  ];
  if (windowed) script.define("milliseconds", "def milliseconds(timestamp):\n    return timestamp.micros // 1000");
  return script.define(
    "Result",
    `class Result(beam.DoFn):
    """Makes a row of each pane."""

    def process(self, pane, window=beam.DoFn.WindowParam):
        ${keyNames}, ${resultNames} = pane
        yield {
${entries.map(e => `            ${e},`).join("\n")}
        }`,
  );
}

const RESERVED = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if " +
    "import in is lambda nonlocal not or pass raise return try while with yield beam trigger window sum min max abs"
  ).split(" "),
);

export const beamPython: Exporter = {
  name: "beam-python",
  title: "Apache Beam (Python)",
  profile: "beam-python",
  export(request) {
    const { node } = request;
    const script = new PythonScript();
    const known = new Map<Node, Schema>();
    const schema = (at: Node): Schema => {
      let found = known.get(at);
      if (found === undefined) known.set(at, (found = schemaOf(at, request.source)));
      return found;
    };
    const steps: Step[] = [];
    let source: SourceNode | null = null;
    let aggregates = 0;
    for (const at of topological([node])) {
      if (at.verb === "source") {
        if (source !== null)
          script.cannot(at, notImplemented("Pipelines with several sources are not written for Beam."));
        source ??= at;
      }
      const lower = LOWERED[at.verb] as Lower<Node> | undefined;
      if (lower === undefined) script.cannot(at, notImplemented(`The verb ${at.verb} is not written for Beam.`));
      else steps.push(...lower(at, { script, schema }));
      if (at.verb === "aggregate" && ++aggregates > 1)
        script.cannot(at, notImplemented("A second rollup after the first is not written for Beam."));
    }
    script.part = "source";
    if (source !== null) defineSource(source, request.source(source), script);
    if (script.refused || source === null) return { files: [], obstacles: script.obstacles };
    const shown = node.verb === "port" ? node.input : node;
    const text = scriptText(request, source, steps, schema(shown), aggregates > 0, script);
    return { files: [{ name: `${fileName(request.name)}.py`, text }], obstacles: script.obstacles };
  },
};

/** Named so that no script hides a module of Python's from the others in its folder: `csv.py` would. */
function fileName(name: string): string {
  return `${name.replace(/\W+/g, "_")}_beam`;
}

/** Panes have the timestamp of their window's end unless the pipeline says otherwise; then it is shown. */
const WRITE = (times: readonly string[], panes: boolean, stamped: boolean): string => `class Write(beam.DoFn):
    """Prints rows as lines of JSON, times in ISO 8601${panes ? ", with what Beam says of their panes" : ""}."""

    def process(self, row${panes ? ", pane=beam.DoFn.PaneInfoParam" : ""}${stamped ? ", timestamp=beam.DoFn.TimestampParam" : ""}):
        shown = {name: iso(value) if name in TIMES else plain(value) for name, value in row.items()}
${
  panes
    ? `        timing = windowed_value.PaneInfoTiming.to_string(pane.timing).lower().replace("_", "-")
        shown.update(timing=timing, pane=pane.index${stamped ? ", timestamp=iso(timestamp.micros // 1000)" : ""})
`
    : ""
}        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\\n")


TIMES = {${times.map(quoted).join(", ")}}`;

const ISO = `def iso(milliseconds):
    """Writes a time as ISO 8601 in UTC."""
    if milliseconds is None:
        return None
    moment = EPOCH + datetime.timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"`;

const PLAIN = `def plain(value):
    """Writes whole numbers without a point, and what JSON cannot say as null, as the notebook does."""
    if not isinstance(value, float):
        return [plain(v) for v in value] if isinstance(value, list) else value
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value`;

function scriptText(
  request: ExportRequest,
  source: SourceNode,
  steps: readonly Step[],
  schema: Schema,
  panes: boolean,
  script: PythonScript,
): string {
  script.import("import datetime");
  script.import("import json");
  script.import("import math");
  script.import("import sys");
  script.import("import apache_beam as beam");
  script.import("from apache_beam.options.pipeline_options import PipelineOptions");
  script.import("from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner");
  if (panes) script.import("from apache_beam.utils import windowed_value");
  script.part = "output";
  script.define("iso", ISO);
  script.define("plain", PLAIN);
  const stamped = topological([request.node]).some(
    n => n.verb === "aggregate" && n.strategy !== null && n.strategy.timestampCombiner !== "endOfWindow",
  );
  script.define(
    "Write",
    WRITE(
      schema.filter(f => f.type === "timestamp").map(f => f.name),
      panes,
      stamped,
    ),
  );
  const isFile = source.input.kind !== "rows";
  if (isFile) script.import("import os");
  const log = isFile
    ? `read(os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(__file__), ${quoted(source.input.name)}))`
    : "read()";
  const options = ["[]", "streaming=True", ...script.options].join(", ");
  const labels = new Set<string>();
  const unique = (label: string): string => {
    let free = label;
    for (let i = 2; labels.has(free); i++) free = `${label} (${i})`;
    labels.add(free);
    return free;
  };
  const stages = [
    { label: "replay", text: "replay(log)" },
    ...steps,
    { label: "write", text: "beam.ParDo(Write())" },
  ].map(({ label, text }) => stage(unique(label), text));
  return [
    header(request, script),
    ...script.imports,
    "",
    "",
    script.definitions.join("\n\n\n"),
    "",
    "",
    "def main():",
    `    log = ${log}`,
    "    # Beam's older local runner is the one that replays a TestStream with all triggers; which runner is the default changes.",
    `    pipeline = beam.Pipeline(runner=BundleBasedDirectRunner(), options=PipelineOptions(${options}))`,
    "    (",
    "        pipeline",
    ...stages,
    "    )",
    ...(script.mayStall ? RUN_WITH_REST : ["    pipeline.run().wait_until_finish()"]),
    "",
    "",
    'if __name__ == "__main__":',
    "    main()",
    "",
  ].join("\n");
}

/** How a pipeline is run whose trigger may leave something behind that holds the watermark. */
const RUN_WITH_REST = [
  "    try:",
  "        pipeline.run().wait_until_finish()",
  "    except TypeError as error:",
  "        # Windows whose trigger never fires, or finished early, hold the watermark; this runner then ends with this error.",
  '        if "must derive from BaseException" not in str(error):',
  "            raise",
  '        print("some windows were still open when the log ended", file=sys.stderr)',
];

/** Writes a step, over two lines where it is long. */
function stage(label: string, text: string): string {
  const indent = "        ";
  const oneLine = `${indent}| ${quoted(label)} >> ${text.replaceAll("\n", `\n${indent}`)}`;
  return text.includes("\n") || oneLine.length <= 118 ? oneLine : `${indent}| ${quoted(label)}\n${indent}>> ${text}`;
}

function header({ node, name }: ExportRequest, script: PythonScript): string {
  const clean = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"""', "'''");
  const bullet = (text: string): string[] => wrapped(text, 106).map((line, i) => `${i === 0 ? "-" : " "} ${line}`);
  return [
    `"""${clean(`${name}: ${verbOf(node).describe(node)}`)}`,
    "",
    `Written by Tidemark. Pipeline ${identity(node)}, profile beam-python.`,
    ...applyingRules(node, profileNamed("beam-python")).flatMap(bullet),
    ...script.obstacles.flatMap(o => bullet(`Differs: ${clean(o.where)}: ${clean(o.reason)}`)),
    "",
    `Needs apache-beam (pip install apache-beam). Run it beside the data, or name its folder: python ${fileName(name)}.py FOLDER`,
    '"""',
  ].join("\n");
}
