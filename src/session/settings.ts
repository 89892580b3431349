/**
 * The settings of a notebook at one moment: where its inputs stand, what its cells say, which faults are injected. Two of them tell in
 * words what was changed between two replays, and which of it an output depends on.
 */
import { formatDuration } from "../model/time.ts";
import { kindOf } from "../notebook/document.ts";
import { canonical } from "../pipeline/identity.ts";
import type { SettingChange } from "../protocol/comparison.ts";
import type { CellText, FaultOptions, InputControl } from "../protocol/session.ts";

/** What has to be known of a cell. */
export interface CellSettings {
  readonly text: CellText;
  /** Names that it defines and reads. */
  readonly definitions: readonly string[];
  readonly references: readonly string[];
  /** Inputs that it shows, in order. */
  readonly controls: readonly InputControl[];
}

export interface Settings {
  readonly cells: ReadonlyMap<number, CellSettings>;
  readonly faults: FaultOptions | null;
}

export const NO_SETTINGS: Settings = { cells: new Map(), faults: null };

export function settingsOf(cells: readonly CellSettings[], faults: FaultOptions | null): Settings {
  return { cells: new Map(cells.map(cell => [cell.text.id, cell])), faults };
}

/** A change with the place where it was made. */
export interface PlacedChange extends SettingChange {
  /** Null: it concerns everything. */
  readonly cell: number | null;
  /** The variable that holds the input that was moved; null where it has none, or where a cell was edited. */
  readonly variable: string | null;
}

/** Says what was changed since `pinned`, in the order of the page. */
export function changesBetween(pinned: Settings, now: Settings): PlacedChange[] {
  const changes: PlacedChange[] = [];
  for (const [id, cell] of now.cells) {
    const was = pinned.cells.get(id);
    if (!isCode(cell.text)) continue;
    const name = cell.definitions.length > 0 ? cell.definitions.join(", ") : String(id);
    if (was === undefined) changes.push(ofCell(id, name, "added", "missing"));
    else if (was.text.source !== cell.text.source) changes.push(ofCell(id, name, "edited", "as it was"));
    else if ((was.text.disabled ?? false) !== (cell.text.disabled ?? false))
      changes.push(
        ofCell(
          id,
          name,
          ...((cell.text.disabled ? ["disabled", "enabled"] : ["enabled", "disabled"]) as [string, string]),
        ),
      );
    // An input of a cell that was edited may be another one: the edit is said already.
    if (was === undefined || was.text.source !== cell.text.source) continue;
    cell.controls.forEach((control, index) => {
      const before = was.controls[index];
      if (before === undefined || canonical(before.value) === canonical(control.value)) return;
      const variable = cell.controls.length === cell.definitions.length ? cell.definitions[index] : null;
      const label = control.label || variable || `input ${index + 1}`;
      const [then, present] = [valueText(before), valueText(control)];
      changes.push({
        cell: id,
        variable,
        text: `${label} ${then} → ${present}`,
        pinned: `${label} ${then}`,
        now: `${label} ${present}`,
      });
    });
  }
  for (const [id, { text, definitions }] of pinned.cells)
    if (!now.cells.has(id) && isCode(text))
      changes.push(ofCell(id, definitions.length > 0 ? definitions.join(", ") : String(id), "deleted", "still there"));
  if (canonical(pinned.faults) !== canonical(now.faults)) {
    const [then, present] = [faultsText(pinned.faults), faultsText(now.faults)];
    changes.push({
      cell: null,
      variable: null,
      text: `faults: ${then} → ${present}`,
      pinned: `faults: ${then}`,
      now: `faults: ${present}`,
    });
  }
  return changes;
}

function ofCell(cell: number, name: string, now: string, pinned: string): PlacedChange {
  return {
    cell,
    variable: null,
    text: `cell ${name} ${now}`,
    pinned: `cell ${name} ${pinned}`,
    now: `cell ${name} ${now}`,
  };
}

/** Whether a cell's text decides what is computed. */
function isCode({ type }: CellText): boolean {
  const kind = kindOf(type);
  return kind === "typescript" || kind === "sql";
}

/** Keeps the changes that a cell's outputs depend on: those made in it, or in what it reads, directly or through others. */
export function changesAbove(cell: number, changes: readonly PlacedChange[], now: Settings): PlacedChange[] {
  const definers = new Map(
    [...now.cells].flatMap(([id, { definitions }]) => definitions.map(name => [name, id] as const)),
  );
  const names = new Set<string>();
  const cells = new Set<number>();
  const visit = (id: number): void => {
    if (cells.has(id)) return;
    cells.add(id);
    for (const name of now.cells.get(id)?.references ?? []) {
      names.add(name);
      const definer = definers.get(name);
      if (definer !== undefined) visit(definer);
    }
  };
  visit(cell);
  return changes.filter(
    change =>
      change.cell === null ||
      change.cell === cell ||
      (change.variable === null ? cells.has(change.cell) : names.has(change.variable)),
  );
}

/** Writes where an input stands, as its control shows it. */
function valueText(control: InputControl): string {
  switch (control.kind) {
    case "duration":
      return control.value === 0 ? "0 s" : formatDuration(control.value);
    case "range":
      return control.unit === null ? numberText(control.value) : `${numberText(control.value)} ${control.unit}`;
    case "number":
      return numberText(control.value);
    case "select":
      return control.options.find(o => canonical(o.value) === canonical(control.value))?.label ?? String(control.value);
    case "checkbox":
      return control.value ? "on" : "off";
    case "text":
      return `“${control.value}”`;
  }
}

const numberText = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 6 });

function faultsText(faults: FaultOptions | null): string {
  if (faults === null) return "none";
  const share = (value: number): string => `${Number((value * 100).toPrecision(4))} %`;
  const { delay, reorder = 1, drop = 0, duplicate = 0, seed = 0 } = faults;
  const length =
    typeof delay === "number" ? formatDuration(delay) : typeof delay === "string" ? delay : "a distribution";
  const parts = [
    ...(delay === undefined || reorder === 0 ? [] : [`${share(reorder)} held back by about ${length}`]),
    ...(drop === 0 ? [] : [`${share(drop)} lost`]),
    ...(duplicate === 0 ? [] : [`${share(duplicate)} sent twice`]),
    `seed ${seed}`,
  ];
  return parts.join(", ");
}
