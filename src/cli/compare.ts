/**
 * `tidemark compare FILE`: runs a stream by the rules of several engines and says what differs, and why; or with two settings of the
 * notebook's inputs.
 */
import { parseArgs } from "node:util";
import type { Row } from "../columns/batch.ts";
import type { Schema } from "../columns/column.ts";
import { PROFILES, type ProfileName } from "../model/profiles.ts";
import { duration } from "../model/time.ts";
import { WHAT } from "../pipeline/two-replays.ts";
import { rowsSentence } from "../protocol/comparison-words.ts";
import type { ComparedRows } from "../protocol/comparison.ts";
import { type Cause, compare, type Comparison, type Difference } from "../session/compare.ts";
import { type ComparedSettings, compareSettings } from "../session/compare-settings.ts";
import { plainRow } from "../session/plain-rows.ts";
import { openNotebookStream, reporting, UsageError } from "./arguments.ts";

const COMPARED: readonly ProfileName[] = ["beam", "flink", "flink-sql", "spark", "kafka", "batch"];

const USAGE = `usage: tidemark compare FILE [--cell NAME] [--profiles P,P…] [--param k=v]… [--examples N] [--micro-batch T] [--format text|jsonl]
       tidemark compare FILE --against k=v… [--cell NAME] [--param k=v]… [--examples N] [--format text|jsonl]

Runs a stream by Tidemark's own rules and by those of other engines, and lists what differs with the rule that causes it.
With --against, runs it twice by Tidemark's rules: as the notebook stands (or as --param says), and with these settings.
  --cell NAME       which stream; default the last one that is defined
  --profiles P,P    of ${Object.keys(PROFILES)
    .filter(name => name !== "tidemark")
    .join(", ")}; default ${COMPARED.join(", ")}
  --param k=v       puts a value in the place of what the notebook defines under a name; repeatable
  --against k=v     the same for the second run, such as --param delay=30s --against delay=5min; repeatable
  --examples N      how many differences to show of each cause; default 3
  --micro-batch T   length of Spark's micro-batches; default "10 s"
  --format F        text, or jsonl with every difference; default text
`;

/** Runs the command. Exit codes: 0 compared, 1 the notebook or a file failed, 2 wrong usage. */
export function compareCommand(args: readonly string[]): Promise<number> {
  return reporting("compare", USAGE, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        cell: { type: "string" },
        profiles: { type: "string" },
        param: { type: "string", multiple: true },
        against: { type: "string", multiple: true },
        examples: { type: "string" },
        "micro-batch": { type: "string" },
        format: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (positionals.length !== 1)
      throw new UsageError(positionals.length === 0 ? "name a notebook" : "name one notebook");
    const { against } = values;
    if (against !== undefined && (values.profiles !== undefined || values["micro-batch"] !== undefined))
      throw new UsageError("--against compares two settings, --profiles two engines; take one of them");
    const profiles = values.profiles === undefined ? COMPARED : profilesOf(values.profiles);
    const examples = examplesOf(values.examples);
    const { format = "text" } = values;
    if (format !== "text" && format !== "jsonl")
      throw new UsageError(`there is no format "${format}"; there are text, jsonl`);
    if (against !== undefined) {
      const { cell = null, param = [] } = values;
      process.stdout.write(
        await settingsCompared(positionals[0], cell, { first: param, other: against }, examples, format),
      );
      return 0;
    }
    const microBatch = duration(values["micro-batch"] ?? "10 s", "micro-batch length");
    const headless = await openNotebookStream(positionals[0], values.cell ?? null, values.param ?? []);
    const { schema, sources, stream, name } = headless;
    const comparison = compare(stream.node, profiles, { logs: source => sources.log(source), schema, microBatch });
    const text = format === "jsonl" ? asJsonLines(comparison, schema) : asText(name, comparison, schema, examples);
    process.stdout.write(text);
    return 0;
  });
}

/** Runs a stream with two settings and writes what differs: from the first to the other. */
async function settingsCompared(
  file: string,
  cell: string | null,
  { first, other }: { readonly first: readonly string[]; readonly other: readonly string[] },
  examples: number,
  format: "text" | "jsonl",
): Promise<string> {
  const one = await openNotebookStream(file, cell, first);
  const two = await openNotebookStream(file, cell, [...first, ...other]);
  const compared = await compareSettings(one, two);
  if (format === "jsonl")
    return compared.rows.map(row => `${JSON.stringify(plainRow(compared.schema, row))}\n`).join("");
  const title = `${one.name}: ${first.length === 0 ? "as the notebook stands" : first.join(" ")} → ${other.join(" ")}`;
  return `${[title, ...settingsLines(compared, other.join(" "), examples)].join("\n")}\n`;
}

function settingsLines({ counts, rows, schema }: ComparedSettings, other: string, examples: number): string[] {
  const sides = { now: `with ${other}`, pinned: "without" };
  return [
    rowsSentence(counts, sides),
    ...(counts.left.length > 0 ? [`not compared: ${counts.left.join(", ")}`] : []),
    ...rows.slice(0, examples).map(row => `  ${settingsExample(plainRow(schema, row), counts)}`),
    ...(rows.length > examples && examples > 0 ? [`  … and ${number(rows.length - examples)} more`] : []),
  ];
}

/** A row that differs: its keys, then each value that is not the same. */
function settingsExample(row: Row, { on, by }: ComparedRows): string {
  const key = on.map(name => String(row[name])).join(" ");
  const what = row["what"] === WHAT.onlyNow ? "only there: " : row["what"] === WHAT.onlyPinned ? "only here: " : "";
  if (by === "row") return `${what}${key}`;
  const names = Object.keys(row).flatMap(name => (name.endsWith(" now") ? [name.slice(0, -" now".length)] : []));
  const values = names.flatMap(name => {
    const [here, there] = [row[`${name} pinned`], row[`${name} now`]];
    if (what !== "") return [`${name} ${String(here ?? there)}`];
    return here === there ? [] : [`${name} ${String(here)} → ${String(there)}`];
  });
  return `${what}${key}: ${values.join(", ")}`;
}

function profilesOf(list: string): ProfileName[] {
  return list.split(",").map(part => {
    const name = part.trim();
    if (!Object.hasOwn(PROFILES, name) || name === "tidemark")
      throw new UsageError(
        `there is no profile "${name}" to compare with; there are ${Object.keys(PROFILES)
          .filter(n => n !== "tidemark")
          .join(", ")}`,
      );
    return name as ProfileName;
  });
}

function examplesOf(given: string | undefined): number {
  const count = Number(given ?? 3);
  if (!Number.isInteger(count) || count < 0) throw new UsageError(`--examples takes a whole number, not "${given}"`);
  return count;
}

/** Writes a comparison as text: each profile, each cause, some differences. */
export function asText(name: string, comparison: Comparison, schema: Schema, examples: number): string {
  const lines = [
    `${name}: ${count(comparison.rows, "final row")} and ${count(comparison.panes, "change")} under tidemark`,
  ];
  for (const { profile, rows, equal, panes, causes } of comparison.profiles) {
    const finals = causes.flatMap(c => c.differences).filter(d => d.what === "final").length;
    lines.push(
      "",
      causes.length === 0
        ? `${profile}: the same`
        : `${profile}: ${count(rows, "final row")}, ${number(equal)} of them the same; ${count(panes, "change")}` +
            (finals === 0 ? "; only the way there differs" : ""),
    );
    for (const cause of causes) lines.push(...causeLines(cause, schema, examples));
  }
  return `${lines.join("\n")}\n`;
}

function causeLines({ rules, sentence, differences, together }: Cause, schema: Schema, examples: number): string[] {
  const finals = differences.filter(d => d.what === "final");
  const panes = differences.length - finals.length;
  const counted = [
    ...(finals.length > 0 ? [count(finals.length, "final row")] : []),
    ...(panes > 0 ? [count(panes, "pane")] : []),
  ].join(" and ");
  // Final rows matter more than the way there.
  const shown = [...finals, ...differences.filter(d => d.what === "pane")].slice(0, examples);
  return [
    `  ${counted} because ${together && rules.length > 1 ? "of several rules at once: " : ""}${sentence}`,
    ...shown.map(difference => `    ${example(difference, schema)}`),
    ...(differences.length > shown.length && examples > 0
      ? [`    … and ${number(differences.length - shown.length)} more`]
      : []),
  ];
}

function example({ what, tidemark, other }: Difference, schema: Schema): string {
  if (tidemark !== null && other !== null) {
    const [a, b] = [shownRow(tidemark, schema), shownRow(other, schema)];
    const changed = Object.keys(a).filter(name => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
    const kept = Object.keys(a).filter(name => !changed.includes(name));
    const same = kept.map(name => String(a[name])).join(" ");
    return `${same}: ${changed.map(name => `${name} ${String(a[name])} → ${String(b[name])}`).join(", ")}`;
  }
  const row = shownRow((tidemark ?? other) as Row, schema);
  const text = Object.entries(row)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");
  return `${tidemark === null ? "only there" : "only here"}: ${what === "pane" ? "pane " : ""}${text}`;
}

/** A row fit for people; a pane's timing and weight come after its columns. */
function shownRow(row: Row, schema: Schema): Row {
  const { timing, weight } = row;
  const plain = plainRow(schema, row);
  if (timing === undefined || schema.some(f => f.name === "timing")) return plain;
  return { ...plain, timing, ...(weight === -1 ? { weight } : {}) };
}

function asJsonLines({ profiles }: Comparison, schema: Schema): string {
  const lines = profiles.flatMap(({ profile, causes }) =>
    causes.flatMap(({ rules, together, sentence, differences }) =>
      differences.map(({ what, tidemark, other }) =>
        JSON.stringify({
          profile,
          what,
          tidemark: tidemark === null ? null : shownRow(tidemark, schema),
          other: other === null ? null : shownRow(other, schema),
          rules,
          together,
          because: sentence,
        }),
      ),
    ),
  );
  return lines.map(line => `${line}\n`).join("");
}

const number = (n: number): string => n.toLocaleString("en");
const count = (n: number, what: string): string => `${number(n)} ${what}${n === 1 ? "" : "s"}`;
