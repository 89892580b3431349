/**
 * Compares what a pipeline gives under several profiles: which results differ from Tidemark's own, and which rule of the
 * profile makes them differ.
 *
 * The cause is found by trial, not by reasoning. The pipeline is run by Tidemark's rules with a single one swapped for the
 * other engine's: the rules that reproduce a difference all by themselves are its cause. Where no single rule does, the rules
 * without which it disappears cause it together.
 *
 * ```
 * tidemark           a:3  b:7
 * flink              a:3  b:9      b differs
 *   only watermark   a:3  b:7
 *   only latePanes   a:3  b:9      that is why
 * ```
 */
import { type Row, rowAt } from "../columns/batch.ts";
import type { Schema } from "../columns/column.ts";
import { dense, type Flow } from "../engine/flow.ts";
import { Run, type Tap } from "../engine/run.ts";
import { tableKind } from "../engine/table.ts";
import { TIMINGS } from "../model/panes.ts";
import { type Profile, PROFILES, type ProfileName } from "../model/profiles.ts";
import type { Duration } from "../model/time.ts";
import type { Node } from "../pipeline/node.ts";
import type { SourceLog } from "../pipeline/source-log.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { describeRule, type Rule, RULES } from "./profile-rules.ts";

export interface CompareOptions {
  readonly logs: (source: SourceNode) => SourceLog;
  /** Columns of the result. */
  readonly schema: Schema;
  /** Length of micro-batches in profiles that work in them, ms. Default 10 s. */
  readonly microBatch?: Duration;
}

/** A row that two profiles do not agree on. Null: one of them does not have it. */
export interface Difference {
  /** `final`: a row of the result once everything has arrived; `pane`: one of the emissions on the way there. */
  readonly what: "final" | "pane";
  readonly tidemark: Row | null;
  readonly other: Row | null;
}

/** Differences with one cause. */
export interface Cause {
  /** One rule, or several that each reproduce the differences, or, where `together`, those that only do so jointly. */
  readonly rules: readonly Rule[];
  readonly together: boolean;
  /** The cause in a sentence. */
  readonly sentence: string;
  readonly differences: readonly Difference[];
}

export interface ProfileComparison {
  readonly profile: ProfileName;
  /** Final rows under the profile, and how many of them Tidemark gives too. */
  readonly rows: number;
  readonly equal: number;
  readonly panes: number;
  readonly causes: readonly Cause[];
}

export interface Comparison {
  /** Final rows and panes by Tidemark's own rules. */
  readonly rows: number;
  readonly panes: number;
  readonly profiles: readonly ProfileComparison[];
}

/** Runs a pipeline under `tidemark` and under each of `profiles`, and lists what differs with its cause. */
export function compare(node: Node, profiles: readonly ProfileName[], options: CompareOptions): Comparison {
  const runs = new Map<string, Outcome>();
  const outcome = (profile: Profile): Outcome => {
    // Profiles of other names may come to the same rules.
    const key = JSON.stringify({ ...profile, name: null });
    let found = runs.get(key);
    if (found === undefined) runs.set(key, (found = outcomeOf(node, profile, options)));
    return found;
  };
  const own = outcome(PROFILES.tidemark);
  return {
    rows: own.final.size,
    panes: own.paneCount,
    profiles: profiles.map(name => compareOne(PROFILES[name], outcome)),
  };
}

/** What a run comes to: its results by what identifies them. */
interface Outcome {
  readonly final: ReadonlyMap<string, Row>;
  readonly panes: ReadonlyMap<string, Row>;
  readonly paneCount: number;
}

function compareOne(profile: Profile, outcome: (profile: Profile) => Outcome): ProfileComparison {
  const own = outcome(PROFILES.tidemark);
  const other = outcome(profile);
  const differing = RULES.filter(rule => profile[rule] !== PROFILES.tidemark[rule]);
  const groups = new Map<string, { rules: Rule[]; together: boolean; differences: Difference[] }>();
  let finals = 0;
  for (const what of ["final", "pane"] as const) {
    for (const key of differingKeys(resultsOf(own, what), resultsOf(other, what))) {
      const [before, after] = [own, other].map(o => resultsOf(o, what).get(key) ?? null);
      if (what === "final") finals += after === null ? 0 : 1;
      const cause = causeOf(what, key, after, profile, differing, outcome);
      const group = `${cause.together} ${cause.rules.join()}`;
      const found = groups.get(group);
      const difference = { what, tidemark: before, other: after };
      if (found === undefined) groups.set(group, { ...cause, differences: [difference] });
      else found.differences.push(difference);
    }
  }
  const causes = [...groups.values()]
    .map(cause => ({ ...cause, sentence: sentenceOf(cause.rules, cause.together, profile) }))
    .sort((a, b) => b.differences.length - a.differences.length);
  return {
    profile: profile.name,
    rows: other.final.size,
    equal: other.final.size - finals,
    panes: other.paneCount,
    causes,
  };
}

function resultsOf(outcome: Outcome, what: Difference["what"]): ReadonlyMap<string, Row> {
  return what === "final" ? outcome.final : outcome.panes;
}

function differingKeys(a: ReadonlyMap<string, Row>, b: ReadonlyMap<string, Row>): string[] {
  const keys = [...a.keys()].filter(key => !same(a.get(key), b.get(key)));
  return [...keys, ...[...b.keys()].filter(key => !a.has(key))];
}

const same = (a: Row | null | undefined, b: Row | null | undefined): boolean => textOf(a ?? null) === textOf(b ?? null);

/** Finds the rules that alone reproduce one result of the other profile, or else those without which it does not come. */
function causeOf(
  what: Difference["what"],
  key: string,
  result: Row | null,
  profile: Profile,
  differing: readonly Rule[],
  outcome: (profile: Profile) => Outcome,
): { rules: Rule[]; together: boolean } {
  const gives = (rules: Profile): boolean => same(resultsOf(outcome(rules), what).get(key), result);
  const alone = differing.filter(rule => gives(swapped(PROFILES.tidemark, rule, profile)));
  if (alone.length > 0) return { rules: alone, together: false };
  const needed = differing.filter(rule => !gives(swapped(profile, rule, PROFILES.tidemark)));
  return { rules: needed.length > 0 ? needed : [...differing], together: true };
}

/** A profile with one rule of another's. The period belongs to the watermark that needs it. */
function swapped(profile: Profile, rule: Rule, from: Profile): Profile {
  const period = rule === "watermark" ? { watermarkPeriod: from.watermarkPeriod } : {};
  return { ...profile, [rule]: from[rule], ...period };
}

function sentenceOf(rules: readonly Rule[], together: boolean, profile: Profile): string {
  const parts = rules.map(rule => `${describeRule(rule, profile)} (here: ${describeRule(rule, PROFILES.tidemark)})`);
  return parts.join(together ? "; and together with that: " : "; so would this alone: ");
}

// Running.

function outcomeOf(node: Node, profile: Profile, options: CompareOptions): Outcome {
  const { logs, microBatch = 10_000 } = options;
  const batches = profile.watermark === "micro-batch" ? microBatch : null;
  const run = new Run([node], { logs, profile, microBatch: batches, remember: false });
  const results = new Results(node, options.schema);
  run.tap(results);
  run.finish();
  return { final: results.final(), panes: results.panes(), paneCount: results.count };
}

/** Collects what a node puts out, as final rows and as panes. */
class Results implements Tap {
  readonly node: Node;
  count = 0;
  /** Columns that identify a row which newer ones replace; null where rows are only there or not. */
  readonly #identity: readonly string[] | null;
  readonly #appends: boolean;
  readonly #newest = new Map<string, Row>();
  readonly #sums = new Map<string, { row: Row; weight: number }>();
  readonly #panes = new Map<string, { row: Row; count: number }>();

  constructor(node: Node, schema: Schema) {
    this.node = node;
    const kind = tableKind(node);
    this.#identity = kind.kind === "upsert" ? kind.columns.map(c => schema[c].name) : null;
    this.#appends = kind.kind === "append";
  }

  apply(given: Flow): void {
    const flow = dense(given);
    for (let i = 0; i < flow.count; i++) {
      const row = rowAt(flow.batch, i);
      const weight = flow.weight === null ? 1 : flow.weight[i];
      this.count++;
      this.#settle(row, weight);
      if (flow.pane === null) continue;
      const pane: Row = { ...row, timing: TIMINGS[flow.pane.timing[i]], weight };
      const text = textOf(pane);
      const found = this.#panes.get(text);
      if (found === undefined) this.#panes.set(text, { row: pane, count: 1 });
      else found.count++;
    }
  }

  #settle(row: Row, weight: number): void {
    if (this.#identity === null) {
      const text = textOf(row);
      const found = this.#sums.get(text) ?? { row, weight: 0 };
      found.weight += this.#appends ? 1 : weight;
      this.#sums.set(text, found);
      return;
    }
    const key = textOf(Object.fromEntries(this.#identity.map(name => [name, row[name]])));
    if (weight > 0) this.#newest.set(key, row);
    else if (same(this.#newest.get(key), row)) this.#newest.delete(key);
  }

  reset(): void {
    this.count = 0;
    this.#newest.clear();
    this.#sums.clear();
    this.#panes.clear();
  }

  final(): ReadonlyMap<string, Row> {
    if (this.#identity !== null) return this.#newest;
    return numbered([...this.#sums.values()].map(({ row, weight }) => ({ row, count: weight })));
  }

  panes(): ReadonlyMap<string, Row> {
    return numbered(this.#panes.values());
  }
}

/** Rows by their text; one that is there several times has a number for each. */
function numbered(rows: Iterable<{ readonly row: Row; readonly count: number }>): Map<string, Row> {
  const out = new Map<string, Row>();
  for (const { row, count } of rows) for (let i = 0; i < count; i++) out.set(`${i} ${textOf(row)}`, row);
  return out;
}

/** JSON that tells the ends of time from null. */
function textOf(row: Row | null): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}
