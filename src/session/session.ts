/**
 * A session: the cells of one notebook, the kernel that evaluates them, and the engine that runs what they define.
 *
 * The control plane is in here: a cell's values become outputs, its streams and charts become views of the engine's
 * plan, and whatever the engine says of them goes on to the shell. Nothing in here touches a DOM, a file or a timer;
 * the host gives them, so the same session runs in the app's sandboxed frame, in tests and on the command line.
 */
import { isChart } from "../charts/plans.ts";
import { canonical } from "../pipeline/identity.ts";
import { Stream } from "../pipeline/stream.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import type { Schema } from "../columns/column.ts";
import { compileCell } from "../expressions/compile.ts";
import { createKernel, type CellState as KernelCell, type Kernel } from "../notebook/kernel.ts";
import { attributeOf } from "../notebook/document.ts";
import type {
  CellState,
  CellText,
  SessionMessage,
  ShellMessage,
  Symbol as NotebookSymbol,
  ViewUpdate,
} from "../protocol/session.ts";
import type { EnginePlan, FromEngine, PlanResult, ToEngine, ViewPlan, Watched } from "./engine-messages.ts";
import { cellState, type Page, shownOf } from "./cell-states.ts";
import { ComparisonTelling } from "./comparison-telling.ts";
import { exportStream, exportTargets } from "./export.ts";
import { Input } from "./inputs.ts";
import { inspect } from "./inspect.ts";
import { LatestValues } from "./latest.ts";
import { library } from "./library.ts";
import { type CellSettings, settingsOf } from "./settings.ts";
import { asTable, Queries } from "./sql/queries.ts";
import type { OpenSqlite } from "./sql/sqlite.ts";
import { staticTable } from "./static-tables.ts";
import { StaticViews } from "./static-views.ts";
import { type RowAsked, Stories } from "./stories.ts";

/** What a session needs of its host. */
export interface SessionHost {
  post(message: SessionMessage, transfer?: ArrayBuffer[]): void;
  /** Sends to the engine beside the session. */
  engine(message: ToEngine, transfer?: ArrayBuffer[]): void;
  now(): number;
  defer(work: () => void): void;
  /** More names for cells, such as `html` where there is a DOM. */
  readonly ambient?: Readonly<Record<string, unknown>>;
  /** And names that are loaded with the first cell that uses them. */
  readonly lazy?: Readonly<Record<string, () => Promise<unknown>>>;
  /** Writes a DOM node as HTML; absent where there is no DOM. */
  readonly html?: (value: unknown) => string | null;
  readonly profile?: string;
  /** Opens a database for SQL cells; called when the first one runs. Absent: such cells are in error. */
  readonly sqlite?: OpenSqlite;
}

const NOTHING_PLANNED: PlanResult = { version: 0, schemas: {}, sources: {}, errors: {} };

export class Session {
  readonly #host: SessionHost;
  readonly #kernel: Kernel;
  readonly #latest: LatestValues;
  readonly #queries: Queries;
  readonly #statics: StaticViews;
  readonly #stories: Stories;
  readonly #comparison: ComparisonTelling;
  readonly #states = new Map<number, KernelCell>();
  #cells: readonly CellText[] = [];
  /** Ids of cells with the attribute `hidden`: they show what they display, not what they define. */
  #hidden: ReadonlySet<number> = new Set();
  #plan: EnginePlan = { version: 0, views: [], names: {}, profile: "tidemark" };
  #planned = NOTHING_PLANNED;
  #planning = false;
  #disposed = false;
  #watched: readonly Watched[] = [];
  /** Sources that the engine has heard of. */
  readonly #toldSources = new WeakSet<SourceNode>();
  /** What was last told of each cell, so that only changes are told. */
  readonly #told = new Map<number, string>();

  constructor(host: SessionHost) {
    this.#host = host;
    this.#latest = new LatestValues(() => this.#watch());
    this.#queries = new Queries({
      open: host.sqlite,
      now: () => host.now(),
      changed: () => this.#watch(),
      tableNames: () => this.#tableNames(),
    });
    this.#statics = new StaticViews(updates => host.post({ type: "views", updates }));
    this.#stories = new Stories((request, node, row) => {
      const values = typeof row === "number" ? {} : { values: row };
      host.engine({ type: "explain", request, view: "", row: typeof row === "number" ? row : 0, ...values, node });
    });
    this.#comparison = new ComparisonTelling(comparison => host.post({ type: "comparison", comparison }));
    this.#kernel = createKernel(
      {
        evaluate: cell => compileCell(cell.parameters, cell.body, cell.async),
        defer: work => host.defer(work),
        now: () => host.now(),
        ambient: {
          ...library(),
          latest: (stream: Stream) => this.#latest.of(stream),
          __query: this.#queries.over,
          explain: (stream: Stream, row: RowAsked = 0) => this.#stories.of(stream, row),
          ...host.ambient,
        },
        lazy: {
          aq: () => import("arquero"),
          toArquero: async () => (await import("./arquero.ts")).toArquero,
          ...host.lazy,
        },
        equals: sameValue,
        onCell: (id, state) => {
          this.#states.set(id, state);
          this.#tellSources(state);
          this.#schedulePlan();
        },
      },
      "auto",
    );
    host.post({ type: "ready", exportTargets: exportTargets() });
  }

  /** Takes a message from the shell. */
  receive(message: ShellMessage): void {
    switch (message.type) {
      case "cells":
        this.#setCells(message.cells, message.run);
        return;
      case "run":
        this.#kernel.setMode("auto");
        this.#kernel.run(message.cells === "all" ? undefined : message.cells);
        return;
      case "interrupt":
        for (const { id } of this.#cells) this.#kernel.interrupt(id);
        return;
      case "input":
        this.#kernel.setInput(message.cell, message.index, message.value);
        return;
      case "transport":
        this.#host.engine({ type: "transport", action: message.action });
        return;
      case "pin":
        this.#comparison.pin(message.pinned);
        this.#host.engine({ type: "pin", pinned: message.pinned });
        return;
      case "watch":
        this.#watched = message.views;
        this.#watch();
        this.#statics.watch(message.views);
        return;
      case "explain":
        if (this.#statics.has(message.view)) {
          const { request, view, row } = message;
          this.#host.post({ type: "explained", request, ...this.#statics.explain(view, row) });
          return;
        }
        this.#host.engine(message);
        return;
      case "file":
        this.#host.engine(message, message.bytes === null ? [] : [message.bytes]);
        return;
      case "live":
      case "live-again":
        this.#host.engine(message);
        return;
      case "export":
        this.#export(message.request, message.name, message.target);
        return;
      case "ping":
        this.#host.post({ type: "pong", at: message.at });
    }
  }

  /** Takes a message from the engine. */
  fromEngine(message: FromEngine): void {
    if (message.type === "planned") {
      if (message.result.version !== this.#plan.version) return;
      this.#planned = message.result;
      this.#tellCells();
      this.#tellSymbols();
      this.#stories.moved();
    } else if (message.type === "explained" && this.#stories.take(message.request, { lines: [], ...message })) {
      return;
    } else if (message.type === "compared") {
      this.#comparison.compared(message.compared);
    } else if (message.type === "views") {
      const shown: ViewUpdate[] = [];
      for (const update of message.updates)
        if (!this.#latest.take(update) && !this.#queries.take(update)) shown.push(update);
      if (shown.length > 0) this.#host.post({ type: "views", updates: shown });
    } else {
      if (message.type === "transport") {
        this.#stories.reached(message.state, this.#host.now());
        this.#comparison.disturbed(message.state.faults ?? null);
      }
      this.#host.post(message);
    }
  }

  /** The value of a name, once the cells have settled. Rejects naming what there is when no cell defines it. */
  async value(name: string): Promise<unknown> {
    await this.#kernel.settled();
    const found = this.#kernel.lookup(name);
    if (found !== undefined) return found.value;
    const failed = [...this.#states.values()].find(s => s.error !== null);
    const names = this.#kernel
      .symbols()
      .filter(s => s.cell !== null)
      .map(s => s.name);
    throw new Error(
      failed?.error != null
        ? `No cell gives "${name}" a value. Cell ${failed.id} has an error: ${failed.error.message}`
        : `There is no name "${name}" in the notebook. There are: ${names.join(", ")}.`,
    );
  }

  /** Puts a value in the place of what the notebook defines under a name. */
  setParameter(name: string, value: unknown): void {
    this.#kernel.setParameter(name, value);
  }

  /** Resolves when no cell is queued or running. */
  settled(): Promise<void> {
    return this.#kernel.settled();
  }

  /** The states of all cells, in the order of the page. */
  cells(): CellState[] {
    const page = this.#page();
    return this.#cells.map(cell => cellState(cell, page));
  }

  dispose(): void {
    this.#disposed = true;
    this.#kernel.dispose();
  }

  #setCells(cells: readonly CellText[], run: "all" | "changed" | "none"): void {
    const gone = new Set(this.#cells.map(c => c.id));
    for (const cell of cells) gone.delete(cell.id);
    for (const id of gone) {
      this.#states.delete(id);
      this.#told.delete(id);
    }
    this.#cells = cells;
    this.#hidden = new Set(
      cells.filter(({ attributes }) => attributeOf(attributes ?? [], "hidden") !== undefined).map(({ id }) => id),
    );
    this.#kernel.setMode(run === "none" ? "lazy" : "auto");
    this.#kernel.setCells(
      cells.map(({ id, type, source, attributes }) => ({ id, type, source, attributes: attributes ?? [] })),
    );
    for (const cell of cells) this.#kernel.setDisabled(cell.id, cell.disabled ?? false);
    if (run === "all") this.#kernel.run();
    this.#schedulePlan();
  }

  /** Plans once after a burst of changes: several edits that come together are one plan. */
  #schedulePlan(): void {
    if (this.#planning) return;
    this.#planning = true;
    this.#host.defer(() => {
      this.#planning = false;
      if (this.#disposed) return;
      this.#sendPlan();
      this.#tellCells();
      this.#tellSymbols();
    });
  }

  /** Tells the engine of sources as soon as their cells have been evaluated: reading is most of what a first plan waits for. */
  #tellSources(state: KernelCell): void {
    const nodes: SourceNode[] = [];
    for (const [, value] of state.values) {
      if (!(value instanceof Stream) || value.node.verb !== "source" || this.#toldSources.has(value.node)) continue;
      this.#toldSources.add(value.node);
      nodes.push(value.node);
    }
    if (nodes.length > 0) this.#host.engine({ type: "sources", nodes });
  }

  #sendPlan(): void {
    // While cells are still at work the old plan stands: half a plan would throw away state that is needed again at once.
    if ([...this.#states.values()].some(s => s.status === "queued" || s.status === "running")) return;
    const views: ViewPlan[] = [];
    const names: Record<string, string[]> = {};
    for (const cell of this.#cells) {
      const state = this.#states.get(cell.id);
      if (state === undefined) continue;
      for (const [name, value] of state.values) if (value instanceof Stream) (names[value.id] ??= []).push(name);
      for (const shown of shownOf(state, this.#hidden)) {
        if (shown.value instanceof Stream) views.push({ view: shown.view, kind: "table", node: shown.value.node });
        else if (isChart(shown.value)) views.push({ view: shown.view, kind: "chart", spec: shown.value });
      }
    }
    views.push(...this.#latest.views(), ...this.#queries.views());
    this.#comparison.set(
      settingsOf(
        this.#cells.map(text => this.#cellSettings(text)),
        null,
      ),
    );
    const profile = this.#host.profile ?? "tidemark";
    const same =
      canonical([views, names, profile]) === canonical([this.#plan.views, this.#plan.names, this.#plan.profile]);
    if (same && this.#plan.version > 0) return;
    this.#plan = { version: this.#plan.version + 1, views, names, profile };
    this.#host.engine({ type: "plan", plan: this.#plan });
    this.#watch();
  }

  #cellSettings(text: CellText): CellSettings {
    const state = this.#states.get(text.id);
    const analysis = state === undefined ? null : this.#kernel.analysis(text.id);
    return {
      text,
      definitions: analysis?.outputs.map(o => o.name) ?? [],
      references: analysis?.inputs.map(i => i.name) ?? [],
      controls: (state?.outputs ?? []).flatMap(o =>
        o.kind === "view" && o.input instanceof Input ? [o.input.control] : [],
      ),
    };
  }

  #watch(): void {
    this.#host.engine({
      type: "watch",
      views: [...this.#watched, ...this.#latest.watched(), ...this.#queries.watched()],
    });
  }

  /** The page as it is now. */
  #page(): Page {
    return {
      cells: this.#cells,
      hidden: this.#hidden,
      states: this.#states,
      analysis: id => this.#kernel.analysis(id),
      names: this.#plan.names,
      errors: this.#planned.errors,
      html: value => this.#host.html?.(value) ?? null,
    };
  }

  #tellCells(): void {
    this.#statics.set(
      [...this.#states.values()].flatMap(state =>
        shownOf(state, this.#hidden).flatMap(({ view, value }) => {
          const table = staticTable(value);
          return table === null ? [] : [[view, table] as const];
        }),
      ),
    );
    const page = this.#page();
    for (const cell of this.#cells) {
      const state = cellState(cell, page);
      const told = JSON.stringify(state);
      if (this.#told.get(cell.id) === told) continue;
      this.#told.set(cell.id, told);
      this.#host.post({ type: "cell", state });
    }
  }

  #tellSymbols(): void {
    const symbols: NotebookSymbol[] = [];
    for (const symbol of this.#kernel.symbols()) {
      if (symbol.cell === null) continue;
      const value = this.#kernel.lookup(symbol.name)?.value;
      const isStream = value instanceof Stream;
      const view = isStream ? this.#plan.views.find(v => v.kind === "table" && v.node === value.node) : undefined;
      symbols.push({
        name: symbol.name,
        cell: symbol.cell,
        kind: isStream ? "stream" : isChart(value) ? "chart" : typeof value === "function" ? "function" : "value",
        columns:
          view === undefined
            ? (staticTable(value)?.table.columns.map(({ name, type }) => ({ name, type })) ?? [])
            : (this.#planned.schemas[view.view] ?? []),
        preview: inspect(value, 3).text.slice(0, 120),
      });
    }
    this.#host.post({ type: "symbols", symbols });
  }

  /** Names that a query can read. */
  #tableNames(): string[] {
    return this.#kernel.symbols().flatMap(({ name, cell }) => {
      const value = cell === null ? undefined : this.#kernel.lookup(name)?.value;
      return value instanceof Stream || asTable(value) !== null ? [name] : [];
    });
  }

  #export(request: number, name: string, target: string): void {
    this.value(name)
      .then(value => {
        if (!(value instanceof Stream)) throw new Error(`"${name}" is no stream. Only streams can be exported.`);
        const schema = (id: string): Schema => {
          const found = this.#planned.sources[id];
          if (found === undefined) throw new Error("A source of this stream has not been read yet.");
          return found;
        };
        const { files, obstacles } = exportStream(value.node, name, target, schema);
        this.#host.post({ type: "exported", request, files, obstacles, error: null });
      })
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#host.post({ type: "exported", request, files: [], obstacles: [], error: message });
      });
  }
}

/** Streams are the same when their pipelines are; charts when their descriptions are: an edit that changes neither stops there. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Stream && b instanceof Stream) return a.equals(b);
  if (isChart(a) && isChart(b)) return canonical(a) === canonical(b);
  return Object.is(a, b);
}
