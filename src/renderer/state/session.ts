/**
 * What the running notebook says: the state of each cell, symbols, the graph, the replay, and live views. Starts, watches
 * and replaces the kernel.
 */
import { batch, computed, signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { kindOf } from "../../notebook/document.ts";
import { attributeOf } from "../../notebook/document.ts";
import type { Comparison } from "../../protocol/comparison.ts";
import type {
  CellState,
  CellText,
  ExportTarget,
  NodeFigures,
  SessionMessage,
  ShellMessage,
  Sort,
  Symbol as NotebookSymbol,
  TransportAction,
  TransportState,
  ViewUpdate,
} from "../../protocol/session.ts";
import { host } from "../connection/host.ts";
import { discardPrepared, type KernelFrame, takeKernel } from "../connection/kernel-frame.ts";
import { namedFiles, ReadAhead } from "../connection/read-ahead.ts";
import { closeLive, openLive, startLive } from "./live.ts";
import { file, notebook } from "./notebook.ts";

export type KernelStatus = "none" | "starting" | "ready" | "busy" | "failed";
type Exported = Extract<SessionMessage, { type: "exported" }>;
type Explained = Extract<SessionMessage, { type: "explained" }>;

export const trusted = signal(false);
export const kernelStatus = signal<KernelStatus>("none");
export const kernelProblem = signal("");
export const symbols = signal<readonly NotebookSymbol[]>([]);
/** The languages that the session can export to. */
export const exportTargets = signal<readonly ExportTarget[]>([]);
export const graph = signal<readonly NodeFigures[]>([]);
/** The clock of the replay when the graph's figures were taken: they come less often than the clock moves. */
export const graphClock = signal<number | null>(null);
export const transport = signal<TransportState | null>(null);
/** How the replay compares with the one that was pinned; null when none is. */
export const comparison = signal<Comparison | null>(null);
/** The text of each cell as it was last given to the kernel. */
export const ranSources = signal<ReadonlyMap<number, string>>(new Map());
export const running = computed(() => kernelStatus.value === "ready" || kernelStatus.value === "busy");

const cells = new Map<number, Signal<CellState | null>>();
const views = new Map<string, Signal<ViewUpdate | null>>();
const watched = new Map<string, { from: number; count: number; sort: Sort }>();
const exports = new Map<number, (answer: Exported) => void>();
const explanations = new Map<number, (answer: Explained) => void>();
let kernel: KernelFrame | null = null;
let ahead: ReadAhead | null = null;
let generation = 0;
let request = 0;
let watchAnnounced = false;

/** The state of a cell, as a signal that stays the same over the life of the page. */
export function cellState(id: number): Signal<CellState | null> {
  return signalIn(cells, id);
}

export function viewOf(view: string): Signal<ViewUpdate | null> {
  return signalIn(views, view);
}

function signalIn<Key, Value>(map: Map<Key, Signal<Value | null>>, key: Key): Signal<Value | null> {
  let found = map.get(key);
  if (found === undefined) {
    found = signal<Value | null>(null);
    map.set(key, found);
  }
  return found;
}

/** Ends the kernel and forgets what it said. */
export function stopKernel(): void {
  generation += 1;
  startLive(null);
  kernel?.dispose();
  kernel = null;
  ahead = null;
  pingSent = null;
  batch(() => {
    kernelStatus.value = "none";
    kernelProblem.value = "";
    symbols.value = [];
    graph.value = [];
    transport.value = null;
    comparison.value = null;
    ranSources.value = new Map();
    for (const each of cells.values()) each.value = null;
    for (const each of views.values()) each.value = null;
  });
}

/** Says that the notebook that is shown does not run, so that no kernel waits for it either. */
export function runNothing(): void {
  discardPrepared();
}

/** Starts a fresh kernel with the notebook as it is now; `run: "none"` after a hang, so that it doesn't hang again. */
export function startKernel(run: "all" | "none"): void {
  stopKernel();
  kernelStatus.value = "starting";
  startLive(updates => send({ type: "live", updates: updates.map(({ state: _, ...rows }) => rows) }));
  kernel = takeKernel();
  if (run === "all") readFilesAhead();
  ranSources.value = new Map((notebook.peek()?.cells ?? []).map(cell => [cell.id, cell.source]));
  sendCells(run);
  announceViews();
  kernel.listen({ message: receive, failed: fail });
}

/** Begins to read what the cells will ask for. */
function readFilesAhead(): void {
  const opened = file.peek();
  if (opened === null) return;
  const texts = (notebook.peek()?.cells ?? [])
    .filter(cell => attributeOf(cell.attributes, "disabled") === undefined)
    .map(cell => cell.source);
  const reading = new ReadAhead(namedFiles(texts, opened.files), name => host.readData(opened.handle, name));
  ahead = reading;
  // The cells are to be seen first.
  requestAnimationFrame(() => setTimeout(() => ahead === reading && reading.begin()));
}

function fail(reason: string): void {
  batch(() => {
    kernelStatus.value = "failed";
    kernelProblem.value = reason;
  });
}

function send(message: ShellMessage, transfer: Transferable[] = []): void {
  kernel?.send(message, transfer);
}

/** Gives the kernel all cells, each with the text that was last run, so that half-typed edits elsewhere stay out. */
function sendCells(run: "all" | "changed" | "none"): void {
  const texts = ranSources.peek();
  const list: CellText[] = [];
  for (const cell of notebook.peek()?.cells ?? []) {
    const source = texts.get(cell.id);
    if (source === undefined) continue;
    const disabled = attributeOf(cell.attributes, "disabled") !== undefined;
    list.push({ id: cell.id, type: cell.type, source, attributes: cell.attributes, ...(disabled ? { disabled } : {}) });
  }
  send({ type: "cells", cells: list, run });
}

/** Runs cells with their present text, and what depends on them. */
export function runCells(ids: readonly number[]): void {
  if (kernel === null) return;
  const next = new Map(ranSources.peek());
  const again: number[] = [];
  let changed = false;
  for (const id of ids) {
    const cell = notebook.peek()?.cells.find(each => each.id === id);
    if (cell === undefined) continue;
    if (next.get(id) === cell.source && kindOf(cell.type) === "typescript") again.push(id);
    else changed = true;
    next.set(id, cell.source);
  }
  ranSources.value = next;
  if (changed) sendCells("changed");
  if (again.length > 0) send({ type: "run", cells: again });
}

export function runAll(): void {
  if (kernel === null) return;
  ranSources.value = new Map((notebook.peek()?.cells ?? []).map(cell => [cell.id, cell.source]));
  sendCells("changed");
  send({ type: "run", cells: "all" });
}

/** Tells the kernel that cells were added, deleted, moved or made another kind. */
export function cellsChanged(): void {
  if (kernel !== null) sendCells("changed");
}

export function sendInput(cell: number, index: number, value: unknown): void {
  send({ type: "input", cell, index, value });
}

/** Connects anew to a live source that is over. */
export function connectAgain(key: string): void {
  send({ type: "live-again", key });
}

export function sendTransport(action: TransportAction): void {
  send({ type: "transport", action });
}

/** Keeps the replay as it is now, beside what comes; or lets it go. Kept by the running notebook alone, not in its file. */
export function pinReplay(pinned: boolean): void {
  send({ type: "pin", pinned });
}

/** Says that a view is on screen and which page of it, or with `null` that it no longer is. */
export function watch(view: string, page: { from: number; count: number; sort: Sort } | null): void {
  if (page === null) watched.delete(view);
  else watched.set(view, page);
  if (watchAnnounced) return;
  watchAnnounced = true;
  requestAnimationFrame(() => {
    watchAnnounced = false;
    announceViews();
  });
}

function announceViews(): void {
  send({ type: "watch", views: [...watched].map(([view, page]) => ({ view, ...page })) });
}

/** Asks for a stream's pipeline in another language. */
export function exportStream(name: string, target: string): Promise<Exported> {
  const id = ++request;
  return new Promise(done => {
    exports.set(id, done);
    send({ type: "export", request: id, name, target });
  });
}

/** Asks for the story of a row of a view, or of what `values` name there. */
export function explain(view: string, row: number, values?: Readonly<Record<string, unknown>>): Promise<Explained> {
  const id = ++request;
  return new Promise(done => {
    explanations.set(id, done);
    send({ type: "explain", request: id, view, row, ...(values === undefined ? {} : { values }) });
  });
}

function receive(message: SessionMessage): void {
  heard();
  switch (message.type) {
    case "ready":
      kernelStatus.value = "ready";
      exportTargets.value = message.exportTargets;
      break;
    case "cell":
      cellState(message.state.id).value = message.state;
      break;
    case "symbols":
      symbols.value = message.symbols;
      break;
    case "graph":
      graphClock.value = transport.peek()?.now ?? null;
      graph.value = message.nodes;
      break;
    case "transport":
      chooseSpeed(message.state);
      transport.value = keepDensity(message.state);
      break;
    case "comparison":
      comparison.value = keepEqual(comparison.peek(), message.comparison);
      break;
    case "views":
      batch(() => {
        for (const update of message.updates) viewOf(update.view).value = update;
      });
      break;
    case "live-open":
      void openLive(message.request);
      break;
    case "live-close":
      closeLive(message.key);
      break;
    case "need-file":
      void sendFile(message.request, message.name, message.part);
      break;
    case "exported":
      exports.get(message.request)?.(message);
      exports.delete(message.request);
      break;
    case "explained":
      explanations.get(message.request)?.(message);
      explanations.delete(message.request);
      break;
    case "pong":
      break;
  }
}

/** Speeds of the transport bar, times real time. */
export const SPEEDS: readonly number[] = [0.1, 1, 10, 60, 600, 3_600, 21_600, Infinity];
/** How long a first replay should last about, ms: long enough to watch, short enough to stay. */
const pleasant = 60_000;

/** When a log is there for the first time, takes the speed at which it lasts about a minute. */
function chooseSpeed(state: TransportState): void {
  if (state.start === null || state.end === null || (transport.peek()?.start ?? null) !== null) return;
  // A live source goes as fast as time does.
  const wanted = state.live == null ? (state.end - state.start) / pleasant : 1;
  const near = SPEEDS.filter(speed => speed < Infinity).reduce((best, each) =>
    Math.abs(Math.log(each / wanted)) < Math.abs(Math.log(best / wanted)) ? each : best,
  );
  sendTransport({ kind: "speed", factor: near });
}

/** What has not changed stays the same object, so that nothing that shows it is drawn again. */
function keepEqual(before: Comparison | null, next: Comparison | null): Comparison | null {
  if (before === null || next === null) return next;
  const equal = <T>(a: T | undefined, b: T): T => (a !== undefined && JSON.stringify(a) === JSON.stringify(b) ? a : b);
  const outputs = Object.entries(next.outputs).map(([view, output]) => {
    const was = before.outputs[view];
    if (output.state !== "differs" || was?.state !== "differs") return [view, equal(was, output)];
    const parts = { pinned: equal(was.pinned, output.pinned), settings: equal(was.settings, output.settings) };
    return [view, equal(was, { ...output, ...parts })];
  });
  return { ...next, settings: equal(before.settings, next.settings), outputs: Object.fromEntries(outputs) };
}

/** The density is sent when it changes; in between it is null and the last one holds. */
function keepDensity(state: TransportState): TransportState {
  const before = transport.peek();
  if (state.density !== null || before === null || before.density === null) return state;
  return before.start === state.start && before.end === state.end ? { ...state, density: before.density } : state;
}

async function sendFile(id: number, name: string, part?: { from: number; to: number }): Promise<void> {
  const opened = file.peek();
  const mine = generation;
  try {
    if (opened === null) throw new Error("no notebook is open");
    if (part !== undefined) {
      const { bytes, size, version } = await host.readPart(opened.handle, name, part.from, part.to);
      if (mine === generation) send({ type: "file", request: id, bytes, error: null, size, version }, [bytes]);
      return;
    }
    const bytes = await (ahead?.take(name) ?? host.readData(opened.handle, name));
    if (mine === generation) send({ type: "file", request: id, bytes, error: null }, [bytes]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (mine === generation) send({ type: "file", request: id, bytes: null, error: reason });
  }
}

/** The kernel is asked every two seconds whether it lives; one that is silent for five is shown as busy. */
const pingEvery = 2_000;
const silence = 5_000;
let pingSent: number | null = null;
let lastTick = performance.now();

function heard(): void {
  pingSent = null;
  if (kernelStatus.peek() === "busy") kernelStatus.value = "ready";
}

setInterval(() => {
  const now = performance.now();
  // A page in the background is woken rarely: then the silence was ours, and counting starts again.
  if (now - lastTick > 2 * pingEvery) pingSent = null;
  lastTick = now;
  if (kernel === null || !running.peek()) return;
  if (pingSent === null) {
    pingSent = now;
    send({ type: "ping", at: now });
  } else if (now - pingSent >= silence) {
    kernelStatus.value = "busy";
  }
}, pingEvery / 2);
