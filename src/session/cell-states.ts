/** What a cell shows, and how it fares: its outputs, its error, the names that it defines and reads. */
import type { ChartSpec } from "../charts/chart.ts";
import { isChart } from "../charts/plans.ts";
import type { CellAnalysis } from "../notebook/analyze.ts";
import { kindOf } from "../notebook/document.ts";
import type { CellState as KernelCell } from "../notebook/kernel.ts";
import { identity } from "../pipeline/identity.ts";
import { topological } from "../pipeline/node.ts";
import { Stream } from "../pipeline/stream.ts";
import type { CellOutput, CellState, CellText, RowsBelow } from "../protocol/session.ts";
import type { EnginePlan, PlanResult } from "./engine-messages.ts";
import { Input } from "./inputs.ts";
import { inspect } from "./inspect.ts";
import { isLive, liveKey } from "./live-sources.ts";
import { staticTable } from "./static-tables.ts";

/** The cells of a page with what became of them. */
export interface Page {
  readonly cells: readonly CellText[];
  /** Ids of cells with the attribute `hidden`: they show what they display, not what they define. */
  readonly hidden: ReadonlySet<number>;
  /** What the kernel says of those that it knows. */
  readonly states: ReadonlyMap<number, KernelCell>;
  analysis(id: number): CellAnalysis;
  /** Names of variables by pipeline identity. */
  readonly names: EnginePlan["names"];
  /** Why views cannot be computed. */
  readonly errors: PlanResult["errors"];
  /** Writes a DOM node as HTML; null for anything else, and where there is no DOM. */
  html(value: unknown): string | null;
}

/** Something that a cell shows, with the view that it is shown in, and the variable that holds it. */
export interface Shown {
  readonly view: string;
  readonly name: string | null;
  readonly value: unknown;
}

/**
 * What a cell shows, in order: what it displayed, then the streams and charts it defined without displaying them. A
 * definition of anything else is shown by its value only if nothing else is. A hidden cell shows no definitions.
 */
export function shownOf(state: KernelCell, hidden: ReadonlySet<number>): Shown[] {
  const displayed = state.outputs.flatMap((output, i) =>
    output.kind === "value"
      ? [{ view: `${state.id}#${i}`, name: nameOf(state, output.value), value: output.value }]
      : [],
  );
  if (hidden.has(state.id)) return displayed;
  const seen = new Set(displayed.map(d => d.value));
  const defined = [...state.values].flatMap(([name, value]) =>
    (value instanceof Stream || isChart(value) || staticTable(value) !== null) && !seen.has(value)
      ? [{ view: `${state.id}.${name}`, name, value }]
      : [],
  );
  return [...displayed, ...defined];
}

function nameOf(state: KernelCell, value: unknown): string | null {
  for (const [name, own] of state.values) if (own === value) return name;
  return null;
}

/** What is told of a cell: how it fares, what it shows, and why it cannot. */
export function cellState(cell: CellText, page: Page): CellState {
  const { errors } = page;
  const state = page.states.get(cell.id);
  const analysis = state === undefined ? null : page.analysis(cell.id);
  const outputs = state === undefined ? [] : outputsOf(cell, state, page);
  const failed = outputs.find(o => (o.kind === "stream" || o.kind === "chart") && o.view in errors);
  const planError = failed !== undefined && "view" in failed ? errors[failed.view] : null;
  const error =
    state?.error != null
      ? { message: state.error.message, line: state.error.line, column: state.error.column, cause: null }
      : state?.status === "blocked"
        ? {
            message: `This cell waits for cell ${state.culprit}, which has no value.`,
            line: null,
            column: null,
            cause: state.culprit,
          }
        : planError !== null
          ? { message: planError, line: null, column: null, cause: null }
          : null;
  return {
    id: cell.id,
    status: planError !== null && state?.status === "ok" ? "error" : (state?.status ?? "idle"),
    outputs: planError === null ? outputs : outputs.filter(o => !("view" in o) || !(o.view in errors)),
    error,
    definitions: analysis?.outputs.map(o => o.name) ?? [],
    references: analysis?.inputs.map(i => i.name) ?? [],
    took: state?.duration ?? null,
    live: liveOf(cell.id, page),
  };
}

/** Keys of the live sources of which a cell is the one to tell: the first that holds the source, or a stream of it. */
function liveOf(id: number, { cells, states }: Page): readonly string[] {
  const own = (cell: number, direct: boolean): string[] =>
    [...(states.get(cell)?.values.values() ?? [])].flatMap(value => {
      if (!(value instanceof Stream)) return [];
      const nodes = direct ? [value.node] : topological([value.node]);
      return nodes.flatMap(node => (node.verb === "source" && isLive(node) ? [liveKey(node)] : []));
    });
  const teller = (key: string): number | undefined =>
    (cells.find(cell => own(cell.id, true).includes(key)) ?? cells.find(cell => own(cell.id, false).includes(key)))?.id;
  return [...new Set(own(id, false))].filter(key => teller(key) === id);
}

function outputsOf(cell: CellText, state: KernelCell, page: Page): CellOutput[] {
  const outputs: CellOutput[] = [];
  state.outputs.forEach((output, i) => {
    if (output.kind === "view") {
      const { input } = output;
      if (input instanceof Input) outputs.push({ kind: "input", index: output.index, control: input.control });
      else outputs.push({ kind: "value", name: null, value: inspect(input.value) });
    } else
      outputs.push(
        show(cell, { view: `${state.id}#${i}`, name: nameOf(state, output.value), value: output.value }, page),
      );
  });
  for (const shown of shownOf(state, page.hidden)) if (!shown.view.includes("#")) outputs.push(show(cell, shown, page));
  if (outputs.length === 0 && !page.hidden.has(state.id))
    for (const [name, value] of state.values)
      if (typeof value !== "function") outputs.push({ kind: "value", name, value: inspect(value) });
  return outputs;
}

function show(cell: CellText, { view, name, value }: Shown, page: Page): CellOutput {
  if (value instanceof Stream) return { kind: "stream", view, name };
  if (isChart(value)) {
    return { kind: "chart", view, chart: value.chart, options: value.options, rows: rowsOf(value, page) };
  }
  if (staticTable(value) !== null) return { kind: "table", view, name };
  if (kindOf(cell.type) === "markdown" && typeof value === "string") return { kind: "markdown", text: value };
  const html = page.html(value);
  if (html !== null) return { kind: "html", html };
  return { kind: "value", name, value: inspect(value) };
}

/** The source whose rows a chart is made of, if there is one with a name. */
function rowsOf(chart: ChartSpec, { names }: Page): RowsBelow | null {
  const sources = topological(Object.values(chart.streams)).filter(n => n.verb === "source");
  const [stream] = sources.length === 1 ? (names[identity(sources[0])] ?? []) : [];
  if (stream === undefined) return null;
  const { eventTime, arrivalTime } = sources[0];
  return { stream, eventTime: eventTime.column, arrivalTime: arrivalTime?.column ?? null };
}
