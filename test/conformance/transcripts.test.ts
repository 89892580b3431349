/**
 * Apache Beam's trigger transcripts (`trigger_transcripts.yaml`): the cases as they are, the ones that a harness must
 * reject, and each case again in other bundlings and orders, which must not matter where the trigger does not count.
 */
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type ConformPane, conformTrace } from "../../src/session/conform.ts";
import { ABSENT, material } from "./material.ts";

const text = material("trigger_transcripts.yaml");

interface Expectation {
  readonly window?: readonly [number, number];
  readonly values?: readonly number[];
  readonly timestamp?: number;
  readonly index?: number;
  readonly nonspeculative_index?: number;
  readonly early?: boolean;
  readonly late?: boolean;
  readonly final?: boolean;
}
interface Action {
  readonly input?: readonly number[];
  readonly watermark?: number;
  readonly expect?: readonly Expectation[];
  readonly state?: unknown;
}
interface Case {
  readonly name: string;
  readonly window_fn?: string;
  readonly trigger_fn?: string;
  readonly accumulation_mode?: string;
  readonly timestamp_combiner?: string;
  readonly allowed_lateness?: number;
  readonly error?: string;
  readonly transcript: readonly Action[];
}

/** Reads `Name(1, late=Other(2))`. */
function expression(source: string): { name: string; args: unknown[]; named: Record<string, unknown> } {
  let at = 0;
  const skip = (): void => {
    while (source[at] === " ") at++;
  };
  const call = (): { name: string; args: unknown[]; named: Record<string, unknown> } => {
    skip();
    const name = /^\w+/.exec(source.slice(at))?.[0] as string;
    at += name.length;
    const args: unknown[] = [];
    const named: Record<string, unknown> = {};
    if (source[at] === "(") {
      at++;
      for (skip(); source[at] !== ")"; skip()) {
        const key = /^(\w+)=/.exec(source.slice(at));
        if (key !== null) at += key[0].length;
        const number = /^-?\d+/.exec(source.slice(at));
        if (number !== null) at += number[0].length;
        const value = number !== null ? Number(number[0]) : call();
        if (key !== null) named[key[1]] = value;
        else args.push(value);
        skip();
        if (source[at] === ",") at++;
      }
      at++;
    }
    return { name, args, named };
  };
  return call();
}

type Call = ReturnType<typeof expression>;

function windowOf({ name, args }: Call): unknown {
  if (name === "GlobalWindows") return "global";
  return name === "Sessions" ? { sessions: args[0] } : { fixed: args[0] };
}

function triggerOf({ name, args, named }: Call): unknown {
  if (name === "Default") return "default";
  if (name === "AfterCount") return { afterCount: args[0] };
  expect(name).toBe("AfterWatermark");
  const part = (call: unknown): unknown => (call === undefined ? undefined : triggerOf(call as Call));
  return { afterWatermark: { early: part(named.early), late: part(named.late) } };
}

const COMBINERS: Readonly<Record<string, string>> = {
  OUTPUT_AT_EOW: "endOfWindow",
  OUTPUT_AT_EARLIEST: "earliest",
  OUTPUT_AT_LATEST: "latest",
};

/** The custom window function of the cases moves output timestamps by this much, which only one combiner looks at. */
const CUSTOM_SHIFT = 100;

/** What happens in a transcript: actions with the output expected of each. */
interface Act {
  readonly event: { input: readonly number[] } | { watermark: number };
  expected: readonly Expectation[];
}

function actsOf({ transcript }: Case): Act[] {
  const acts: Act[] = [];
  for (const action of transcript) {
    if (action.input !== undefined) acts.push({ event: { input: action.input }, expected: [] });
    else if (action.watermark !== undefined) acts.push({ event: { watermark: action.watermark }, expected: [] });
    else if (action.expect !== undefined) acts[acts.length - 1].expected = action.expect;
  }
  return acts;
}

/** Runs acts and throws as Beam's own harness does: `Unmatched output` or `Unexpected output`. */
function check(test: Case, acts: readonly Act[], key = "k", snapshots = false): void {
  const combiner = test.timestamp_combiner ?? "OUTPUT_AT_EOW";
  const transformed = combiner === "OUTPUT_AT_EARLIEST_TRANSFORMED";
  const shift = transformed && test.window_fn?.startsWith("CustomTimestamping") ? CUSTOM_SHIFT : 0;
  const events = acts.flatMap(({ event }) => {
    const one =
      "watermark" in event
        ? { watermark: event.watermark }
        : { input: event.input.map(t => ({ key, value: t, ts: t })) };
    return snapshots ? [one, { snapshot: true }] : [one];
  });
  const results = conformTrace({
    profile: "beam-python",
    pipeline: {
      window: windowOf(expression(test.window_fn ?? "GlobalWindows")),
      trigger: triggerOf(expression(test.trigger_fn ?? "Default")),
      mode: test.accumulation_mode ?? "accumulating",
      timestampCombiner: transformed ? "earliest" : COMBINERS[combiner],
      allowedLateness: test.allowed_lateness ?? 0,
      aggregate: "list",
    },
    events,
  });
  acts.forEach(({ expected }, i) => {
    const panes = snapshots ? [...results[2 * i].panes, ...results[2 * i + 1].panes] : [...results[i].panes];
    for (const expectation of expected) {
      const at = panes.findIndex(pane => matches(pane, expectation, shift));
      if (at < 0)
        throw new Error(`Unmatched output: ${JSON.stringify(expectation)} not among ${JSON.stringify(panes)}`);
      panes.splice(at, 1);
    }
    if (panes.length > 0) throw new Error(`Unexpected output: ${JSON.stringify(panes)}`);
  });
}

function matches(pane: ConformPane, expected: Expectation, shift: number): boolean {
  const values = (pane.value as number[]).toSorted((a, b) => a - b);
  const actual: Record<keyof Expectation, unknown> = {
    window: pane.window === null ? null : [pane.window[0], (pane.window[1] as number) - 1],
    values,
    timestamp: (pane.timestamp as number) + shift,
    index: pane.index,
    nonspeculative_index: pane.nonSpeculativeIndex,
    early: pane.timing === "early",
    late: pane.timing === "late",
    final: pane.isLast,
  };
  return Object.entries(expected).every(([field, value]) => {
    const wanted = field === "values" ? (value as number[]).toSorted((a, b) => a - b) : value;
    return JSON.stringify(actual[field as keyof Expectation]) === JSON.stringify(wanted);
  });
}

type Variant = (acts: readonly Act[]) => Act[];

/** Splits each bundle; what was expected of it is expected of its last part. */
function rebundle(size: number, order: (input: readonly number[]) => readonly number[]): Variant {
  return acts =>
    acts.flatMap(({ event, expected }) => {
      if (!("input" in event)) return [{ event, expected }];
      const input = order(event.input);
      const bundles: Act[] = [];
      for (let i = 0; i < input.length; i += size)
        bundles.push({ event: { input: input.slice(i, i + size) }, expected: [] });
      bundles[bundles.length - 1].expected = expected;
      return bundles;
    });
}

/** A fixed shuffle: the same in every run. */
const shuffled = (input: readonly number[]): readonly number[] =>
  input
    .map((t, i) => ({ t, rank: (i * 7919 + 13) % 31 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ t }) => t);

const asIs = (input: readonly number[]): readonly number[] => input;
const reversed = (input: readonly number[]): readonly number[] => input.toReversed();

const VARIANTS: Readonly<Record<string, Variant>> = {
  original: acts => [...acts],
  reversed: rebundle(Infinity, reversed),
  shuffled: rebundle(Infinity, shuffled),
  "one-row bundles": rebundle(1, asIs),
  "one-row bundles, reversed": rebundle(1, reversed),
  "two-row bundles": rebundle(2, asIs),
};

/** Bundles only do not matter where the trigger neither counts nor fires at once for late rows. */
function isOrderFree(test: Case, acts: readonly Act[]): boolean {
  const counts = /Count/.test(test.trigger_fn ?? "");
  const afterInput = acts.some(
    ({ event, expected }) => "input" in event && event.input.length > 1 && expected.length > 0,
  );
  return !counts && !afterInput;
}

describe.skipIf(text === null)(text === null ? `trigger transcripts: ${ABSENT}` : "trigger transcripts", () => {
  const cases = (text === null ? [] : parseAllDocuments(text)).map(document => document.toJS() as Case | null);
  const all = cases.filter(c => c !== null).map((c, i) => ({ ...c, title: `${i + 1} ${c.name}` }));

  test("are all there", () => expect(all.length).toBe(18));

  test.each(all.filter(c => c.error === undefined))("$title", test => check(test, actsOf(test)));

  test.each(all.filter(c => c.error === undefined))("$title, restored after every event", test =>
    check(test, actsOf(test), "k", true),
  );

  test.each(all.filter(c => c.error !== undefined))("$title must be rejected", test =>
    expect(() => check(test, actsOf(test))).toThrow(test.error),
  );

  const free = all.filter(c => c.error === undefined && isOrderFree(c, actsOf(c)));
  const variants = free.flatMap(c => Object.entries(VARIANTS).map(([variant, make]) => ({ ...c, variant, make })));
  test.each(variants)("$title, $variant", test => check(test, test.make(actsOf(test))));
});
