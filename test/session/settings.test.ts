/** What was changed between two replays, in words, and which outputs depend on it. */
import { expect, test } from "vitest";
import type { InputControl } from "../../src/protocol/session.ts";
import { type CellSettings, changesAbove, changesBetween, settingsOf } from "../../src/session/settings.ts";

const duration = (label: string, value: number): InputControl => ({
  kind: "duration",
  label,
  min: 0,
  max: 1e7,
  step: 1,
  value,
});

function cell(
  id: number,
  source: string,
  definitions: readonly string[],
  references: readonly string[],
  controls: readonly InputControl[] = [],
  type = "text/x-typescript",
): CellSettings {
  return { text: { id, type, source }, definitions, references, controls };
}

const page = (delay: number, allowed: number, daily = "rollup"): CellSettings[] => [
  cell(1, "inputs", ["delay", "allowed"], [], [duration("Watermark delay", delay), duration("", allowed)]),
  cell(2, "source", ["payments"], ["delay"]),
  cell(3, daily, ["daily"], ["payments", "allowed"]),
  cell(4, "hourly", ["hourly"], ["payments"]),
  cell(5, "text", [], [], [], "text/markdown"),
  cell(6, "timeMap(hourly)", [], ["hourly"]),
];
const texts = (changes: readonly { readonly text: string }[]): string[] => changes.map(c => c.text);

test("inputs are named by their label, else by their variable, and matter to what reads them", () => {
  const now = settingsOf(page(300_000, 0), null);
  const changes = changesBetween(settingsOf(page(30_000, 7_200_000), null), now);
  expect(changes.map(({ text, pinned, now: present }) => [text, pinned, present])).toEqual([
    ["Watermark delay 30 s → 5 min", "Watermark delay 30 s", "Watermark delay 5 min"],
    ["allowed 2 h → 0 s", "allowed 2 h", "allowed 0 s"],
  ]);
  expect(texts(changesAbove(3, changes, now))).toEqual(texts(changes));
  // The hours have no allowed lateness: only the delay comes to them, through the source and through each other.
  expect(texts(changesAbove(6, changes, now))).toEqual(["Watermark delay 30 s → 5 min"]);
  expect(texts(changesAbove(5, changes, now))).toEqual([]);
});

test("edits are named by what the cell defines; prose is no setting; an edit speaks for its cell's inputs", () => {
  const now = settingsOf(
    [...page(30_000, 0, "rollup 2"), cell(7, "more", ["more"], [])].map(c =>
      c.text.id === 5 || c.text.id === 1 ? { ...c, text: { ...c.text, source: "other" } } : c,
    ),
    null,
  );
  const before = settingsOf([...page(60_000, 0), cell(8, "gone", [], [])], null);
  const changes = changesBetween(before, now);
  expect(texts(changes)).toEqual([
    "cell delay, allowed edited",
    "cell daily edited",
    "cell more added",
    "cell 8 deleted",
  ]);
  expect(texts(changesAbove(4, changes, now))).toEqual(["cell delay, allowed edited"]);
});

test("faults concern everything, and are said as they were asked for", () => {
  const now = settingsOf(page(0, 0), { seed: 4, delay: "1 min", reorder: 0.1, drop: 0.025, duplicate: 0.3 });
  const changes = changesBetween(settingsOf(page(0, 0), null), now);
  expect(texts(changes)).toEqual(["faults: none → 10 % held back by about 1 min, 2.5 % lost, 30 % sent twice, seed 4"]);
  expect(texts(changesAbove(2, changes, now))).toEqual(texts(changes));
});

test("every kind of input is written as its control shows it", () => {
  const was: InputControl[] = [
    { kind: "range", label: "Threshold", min: 0, max: 5_000, step: 1, value: 100, unit: "£" },
    {
      kind: "select",
      label: "Branch",
      options: [
        { label: "all", value: null },
        { label: "Leeds", value: { id: 2 } },
      ],
      value: null,
    },
    { kind: "checkbox", label: "Guard", value: true },
    { kind: "text", label: "Name", placeholder: "", value: "a" },
    { kind: "number", label: "Keys", min: null, max: null, step: null, value: 3 },
  ];
  const values: unknown[] = [1_500, { id: 2 }, false, "b", 4];
  const now = was.map((control, i) => ({ ...control, value: values[i] }) as InputControl);
  const of = (controls: InputControl[]) =>
    settingsOf([cell(1, "inputs", ["a", "b", "c", "d", "e"], [], controls)], null);
  expect(texts(changesBetween(of(was), of(now)))).toEqual([
    "Threshold 100 £ → 1,500 £",
    "Branch all → Leeds",
    "Guard on → off",
    "Name “a” → “b”",
    "Keys 3 → 4",
  ]);
});
