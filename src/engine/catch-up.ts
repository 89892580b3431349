/**
 * Catching up: what is new in a run works through the steps that have passed, reading what was remembered of them, a
 * stretch at a time.
 *
 * Each node and tap that is behind has a mark, the number of remembered steps it has seen. Those with the least mark go
 * first, until they meet the next ones and go on together; so a newer edit is worked at once, and what an older one had
 * reached is not lost:
 *
 * ```
 * steps        0   1   2   3   4   5   now
 * older edit   ■   ■   ■   ■
 * newer edit   ■   →                        meets the older one at step 4; from there both go on
 * ```
 *
 * A stateful node's output is remembered as soon as the node has worked a step, so whatever is interrupted, even in the middle
 * of a step, can be gone on with; and what nobody wants any more is dropped from the steps that are passed.
 */
import type { Column } from "../columns/column.ts";
import type { Flow } from "./flow.ts";
import { type Graph, type GraphNode, read, work } from "./graph.ts";
import type { Outputs } from "./operator.ts";
import type { Tap } from "./run.ts";
import type { Enough } from "./slices.ts";
import type { Step } from "./step.ts";

/** A step that has passed, with what its sources and stateful nodes put out, by their identities. */
export interface Remembered {
  readonly step: Step;
  readonly flows: Map<string, Outputs>;
  /** How often it was put together from smaller ones (`merge-steps.ts`); default 0. */
  level?: number;
}

export class CatchUp {
  /** Marks of what is behind; those of the pass at work are its own. */
  readonly #nodes = new Map<GraphNode, number>();
  readonly #taps = new Map<Tap, number>();
  #pass: Pass | null = null;

  /** Says that nodes and taps have seen nothing yet. */
  add(nodes: Iterable<GraphNode>, taps: Iterable<Tap>): void {
    this.#interrupt();
    for (const node of nodes) this.#nodes.set(node, 0);
    for (const tap of taps) this.#taps.set(tap, 0);
  }

  /** Lets go of nodes that are not in a graph, and of taps that are not among `taps`; others keep their marks. */
  keep(graph: Graph, taps: readonly Tap[]): void {
    this.#interrupt();
    for (const node of this.#nodes.keys()) if (graph.find(node.id) !== node) this.#nodes.delete(node);
    for (const tap of this.#taps.keys()) if (!taps.includes(tap)) this.#taps.delete(tap);
  }

  clear(): void {
    this.#pass = null;
    this.#nodes.clear();
    this.#taps.clear();
  }

  /** Whether a node or a tap has still to see some of what has passed. */
  has(one: GraphNode | Tap): boolean {
    return this.#nodes.has(one as GraphNode) || this.#taps.has(one as Tap);
  }

  get done(): boolean {
    return this.#nodes.size === 0 && this.#taps.size === 0;
  }

  /** Steps that a tap has seen, or without one whatever has seen least; Infinity when all have been seen. */
  seen(tap?: Tap): number {
    if (tap !== undefined)
      return this.#pass?.taps.includes(tap) === true ? this.#pass.at : (this.#taps.get(tap) ?? Infinity);
    if (this.#pass !== null) return this.#pass.at;
    return Math.min(Infinity, ...this.#nodes.values(), ...this.#taps.values());
  }

  /** Works until nothing is behind any more or it is enough. Says whether anything still is. */
  work(graph: Graph, memory: readonly Remembered[], enough: Enough): boolean {
    while (!this.done) {
      this.#pass ??= this.#next(graph, memory.length);
      if (this.#pass.work(memory, enough)) return true;
      this.#interrupt();
      for (const marks of [this.#nodes, this.#taps] as Map<unknown, number>[])
        for (const [one, mark] of marks) if (mark >= memory.length) marks.delete(one);
    }
    return false;
  }

  /** Ends the pass at work, and writes down how far each of its nodes and taps has come. */
  #interrupt(): void {
    const pass = this.#pass;
    if (pass === null) return;
    this.#pass = null;
    for (const node of pass.fresh) this.#nodes.set(node, pass.seenBy(node));
    for (const tap of pass.taps) this.#taps.set(tap, pass.at);
  }

  /** Those with the least mark, up to where they meet the next ones. */
  #next(graph: Graph, end: number): Pass {
    const marks = [...this.#nodes.values(), ...this.#taps.values()];
    const from = Math.min(end, ...marks);
    const to = Math.min(end, ...marks.filter(mark => mark > from));
    const having = <T>(of: ReadonlyMap<T, number>): T[] => [...of].flatMap(([one, m]) => (m === from ? [one] : []));
    return new Pass(graph, having(this.#nodes), having(this.#taps), { from, to, keeps: true });
  }
}

/** One pass of some nodes and taps through remembered steps. */
export class Pass {
  /** Nodes that have not seen these steps before, and taps that are shown them. */
  readonly fresh: readonly GraphNode[];
  readonly taps: readonly Tap[];
  /** The step at work. */
  at: number;
  readonly #to: number;
  /** Whether the nodes are here to stay, so that what they put out is remembered. */
  readonly #keeps: boolean;
  readonly #graph: Graph;
  /** The fresh nodes, and stateless ones whose old outputs they or the taps need, in the graph's order. */
  readonly #work: readonly GraphNode[];
  /** Nodes whose remembered outputs are read. */
  readonly #given: readonly GraphNode[];
  readonly #tapped: readonly GraphNode[];
  readonly #isFresh: ReadonlySet<GraphNode>;
  /** Nodes of `#work` that have worked the present step. */
  #worked = 0;
  /** Nodes that have seen these steps before, and do not count them again. */
  readonly #again: readonly GraphNode[];

  constructor(
    graph: Graph,
    fresh: readonly GraphNode[],
    taps: readonly Tap[],
    { from, to, keeps }: { readonly from: number; readonly to: number; readonly keeps: boolean },
  ) {
    this.#graph = graph;
    this.taps = taps;
    this.at = from;
    this.#to = to;
    this.#keeps = keeps;
    this.#isFresh = new Set(fresh);
    this.fresh = fresh;
    this.#tapped = taps.map(tap => graph.of(tap.node));
    this.#work = toWork(graph, this.#isFresh, this.#tapped);
    const again = new Set(this.#work);
    const read = new Set([...this.#tapped, ...this.#work.flatMap(n => n.inputs.map(i => i.from))]);
    this.#given = [...read].filter(n => !again.has(n));
    this.#again = this.#work.filter(node => !this.#isFresh.has(node));
  }

  /** Steps that a fresh node has seen: its pass may have been interrupted in the middle of one. */
  seenBy(node: GraphNode): number {
    const place = this.#work.indexOf(node);
    return this.at + (place >= 0 && place < this.#worked ? 1 : 0);
  }

  /** Works until its end or until it is enough. Says whether there is more to do. */
  work(memory: readonly Remembered[], enough: Enough): boolean {
    const figures = this.#again.map(({ rows, watermark }) => ({ rows, watermark }));
    const more = this.#steps(memory, enough);
    this.#again.forEach((node, i) => Object.assign(node, figures[i]));
    return more;
  }

  #steps(memory: readonly Remembered[], enough: Enough): boolean {
    const nodes = this.#work;
    for (; this.at < this.#to; this.at++) {
      const { step, flows } = memory[this.at];
      if (this.#worked === 0) this.#begin(flows);
      while (this.#worked < nodes.length) {
        const node = nodes[this.#worked++];
        work(node, step, flows);
        if (this.#keeps && this.#isFresh.has(node) && !isStateless(node)) flows.set(node.id, copyOutputs(node));
        // A look stops between steps alone, so that the run can go on meanwhile.
        if (this.#keeps && this.#worked < nodes.length && enough()) return true;
      }
      for (let t = 0; t < this.taps.length; t++)
        this.taps[t].apply(read(this.#tapped[t], "main"), step, this.#tapped[t]);
      this.#worked = 0;
      if (this.at + 1 < this.#to && enough()) {
        this.at++;
        return true;
      }
    }
    return false;
  }

  #begin(flows: Map<string, Outputs>): void {
    // What nodes that are gone have put out is of no use to anybody any more.
    if (this.#keeps) for (const id of flows.keys()) if (this.#graph.find(id) === undefined) flows.delete(id);
    for (const node of this.#given) {
      const outputs = flows.get(node.id);
      if (outputs !== undefined) node.outputs = outputs;
    }
  }
}

const isStateless = ({ operator }: GraphNode): boolean => operator === null || operator.stateless === true;

function toWork(graph: Graph, fresh: ReadonlySet<GraphNode>, tapped: readonly GraphNode[]): GraphNode[] {
  const needed = new Set(fresh);
  const need = (node: GraphNode): void => {
    if (node.operator?.stateless === true) needed.add(node);
    if (needed.has(node)) for (const input of node.inputs) if (!needed.has(input.from)) need(input.from);
  };
  for (const node of fresh) need(node);
  for (const node of tapped) need(node);
  return graph.nodes.filter(n => needed.has(n) && n.operator !== null);
}

/** What has to be kept of a step: the sources' flows as they are (views of logs), those of stateful nodes as copies. */
export function memorable(graph: Graph, flows: ReadonlyMap<string, Outputs>): Map<string, Outputs> {
  const kept = new Map(flows);
  for (const node of graph.nodes) if (!isStateless(node)) kept.set(node.id, copyOutputs(node));
  return kept;
}

function copyOutputs(node: GraphNode): Outputs {
  if (node.operator?.lasting === true) return node.outputs;
  // Inputs' watermark arrays are remembered with the inputs; only an operator's own has to be copied.
  const shared = new Set(node.inputs.map(i => i.from.outputs["main"].watermark));
  const out: Record<string, Flow> = {};
  for (const [port, flow] of Object.entries(node.outputs)) out[port] = copyFlow(flow, shared);
  return out;
}

function copyFlow(flow: Flow, shared: ReadonlySet<Float64Array>): Flow {
  const { pane } = flow;
  const watermark = shared.has(flow.watermark) ? flow.watermark : flow.watermark.slice();
  if (flow.count === 0 && flow.batch.length === 0) return { ...flow, watermark };
  return {
    ...flow,
    batch: flow.count === 0 ? flow.batch : { ...flow.batch, columns: flow.batch.columns.map(copyColumn) },
    selection: flow.selection === null ? null : flow.selection.slice(0, flow.count),
    at: flow.at === null ? null : flow.at.slice(),
    time: flow.time.slice(),
    clock: flow.clock === null ? null : flow.clock.slice(),
    weight: flow.weight === null ? null : flow.weight.slice(),
    pane:
      pane === null
        ? null
        : {
            timing: pane.timing.slice(),
            index: pane.index.slice(),
            nonSpeculativeIndex: pane.nonSpeculativeIndex.slice(),
            first: pane.first.slice(),
            last: pane.last.slice(),
          },
    watermark,
  };
}

function copyColumn(column: Column): Column {
  switch (column.type) {
    case "number":
    case "timestamp":
      return { ...column, values: column.values.slice(), valid: column.valid === null ? null : column.valid.slice() };
    case "boolean":
      return { ...column, values: column.values.slice(), valid: column.valid === null ? null : column.valid.slice() };
    case "string":
      return { ...column, codes: column.codes.slice() };
    case "json":
      return { ...column, values: column.values.slice() };
  }
}
