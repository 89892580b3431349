/**
 * Which part of a pipeline can be worked in shards, each by itself with the rows of its own keys.
 *
 * A node belongs to that part when all its state is kept by key, and the keys come straight from columns of its sources: then
 * a shard that sees all rows of a key, and every position and watermark, puts out for that key what the whole run would. What
 * a shard cannot know is what comes between its rows. Rows that follow from a row of a source are the only ones at their
 * position; panes of windows say whose turn they are (`Turns`). Nodes that put rows of several keys at one position
 * without saying so, or whose keys speak to each other, stay with the run that brings the shards together.
 *
 * ```
 * source ─ filter ─ daily by account │ share of all by day ─ …
 *          worked in shards          │ worked where they come together
 *                                   cut
 * ```
 */
import type { Schema } from "../../columns/column.ts";
import type { Profile } from "../../model/profiles.ts";
import { identity } from "../../pipeline/identity.ts";
import { hasWindowColumns, WINDOW_FIELDS } from "../../pipeline/verbs/aggregate.ts";
import { joinColumns } from "../../pipeline/verbs/join.ts";
import { inputsOf, type Node, portRead, schemaOf, topological, verbOf } from "../../pipeline/node.ts";
import { selection } from "../../pipeline/verbs/select.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import type { SourceNode } from "../../pipeline/verbs/source.ts";
import { MAIN, type Port } from "../../pipeline/verb.ts";
import { countedJoin } from "../operators/aggregate/pairs.ts";

/** By the identity of each source: the columns whose values say to which shard a row goes. */
export type Parting = ReadonlyMap<string, readonly string[]>;

/** Nodes that one parting of the sources serves. */
export interface ShardGroup {
  readonly parting: Parting;
  /** What a shard's run computes and hands over. */
  readonly cuts: readonly Node[];
}

export interface ShardPlan {
  readonly groups: readonly ShardGroup[];
  /** Nodes with balances, whose sums are only the same in shards if they are exact. */
  readonly sums: readonly Extract<Node, { verb: "integrate" }>[];
}

/** Plans shards for what computes `roots`, or says in a sentence why nothing can be divided. */
export function planShards(
  roots: readonly Node[],
  sources: (source: SourceNode) => Schema,
  profile: Profile,
): ShardPlan | { readonly reason: string } {
  const unfit = spansKeys(profile);
  if (unfit !== null) return { reason: unfit };
  const order = topological(roots);
  const analysis = new Analysis(sources, order, profile);
  const cuts = cutsOf(roots, order, analysis);
  if (cuts.length === 0) return { reason: analysis.reason };
  const groups = new Map<string, { parting: Parting; cuts: Node[] }>();
  for (const cut of cuts) {
    const { parting } = analysis.of(cut) as Divided & { parting: Parting };
    const name = nameOf(parting);
    const group = groups.get(name) ?? { parting, cuts: [] };
    group.cuts.push(cut);
    groups.set(name, group);
  }
  const sums = topological(cuts).filter(node => node.verb === "integrate");
  return { groups: [...groups.values()], sums };
}

/** Why a profile's windows cannot be told apart by key; null where they can. */
function spansKeys(profile: Profile): string | null {
  if (profile.evaluate === "bundle")
    return `By the rules of ${profile.name} triggers are asked once for a bundle of rows, which spans keys.`;
  if (profile.streamTime) return `By the rules of ${profile.name} the rows of all keys move one stream time.`;
  return null;
}

/** The last nodes that can be divided and keep state: those that are roots, or that anything else reads. */
function cutsOf(roots: readonly Node[], order: readonly Node[], analysis: Analysis): Node[] {
  const asked = new Set(roots.map(identity));
  const divided = (node: Node): boolean => {
    const found = analysis.of(node);
    return found.ok && found.parting !== null;
  };
  const cuts = new Map<string, Node>();
  for (const node of order) {
    if (divided(node)) {
      if (asked.has(identity(node))) cuts.set(identity(node), node);
    } else for (const input of inputsOf(node)) if (divided(input)) cuts.set(identity(input), input);
  }
  return [...cuts.values()];
}

function nameOf(parting: Parting): string {
  return JSON.stringify([...parting].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where the values of a column come from: by the identity of each source below, its column. */
type Trace = ReadonlyMap<string, string>;

interface Divided {
  readonly ok: true;
  /** Sources below. */
  readonly sources: ReadonlySet<string>;
  readonly traces: ReadonlyMap<string, Trace>;
  /** Null: no state below, so that any parting of the rows will do. */
  readonly parting: Parting | null;
  /** Whether all rows at a position belong to one key. */
  readonly alone: boolean;
}

type Found = Divided | { readonly ok: false };

const NOT: Found = { ok: false };

/** What is found of a verb that puts several keys out at one position, and says whose turn each row is. */
function together(found: Found): Found {
  return found.ok ? { ...found, alone: false } : found;
}

class Analysis {
  readonly #sources: (source: SourceNode) => Schema;
  /** Side outputs that somebody reads, by the identities of their nodes. */
  readonly #ports = new Map<string, Set<Port>>();
  readonly #known = new Map<Node, Found>();
  /** Windowed joins whose pairs an aggregate counts without making them. */
  readonly #counted = new Set<string>();
  /** The first thing that stands in the way. */
  #reason: string | null = null;

  constructor(sources: (source: SourceNode) => Schema, order: readonly Node[], profile: Profile) {
    this.#sources = sources;
    for (const node of order) {
      const port = portRead(node);
      if (node.verb !== "port" || port === MAIN) continue;
      const id = identity(node.input);
      if (!this.#ports.has(id)) this.#ports.set(id, new Set());
      this.#ports.get(id)?.add(port);
    }
    for (const node of order) {
      if (node.verb !== "aggregate") continue;
      const join = countedJoin(node, profile, new Set([MAIN, ...(this.#ports.get(identity(node)) ?? [])]));
      if (join !== null) this.#counted.add(identity(join));
    }
  }

  get reason(): string {
    return this.#reason ?? "Nothing in it keeps state by key.";
  }

  of(node: Node): Found {
    let found = this.#known.get(node);
    if (found === undefined) this.#known.set(node, (found = this.#find(node)));
    return found;
  }

  #no(node: Node, why: string): Found {
    this.#reason ??= `"${verbOf(node).describe(node)}" ${why}`;
    return NOT;
  }

  #find(node: Node): Found {
    if (node.verb === "source") {
      const id = identity(node);
      const traces = new Map(this.#sources(node).map(({ name }) => [name, new Map([[id, name]])]));
      return { ok: true, sources: new Set([id]), traces, parting: null, alone: true };
    }
    const inputs: Divided[] = [];
    for (const input of inputsOf(node)) {
      const found = this.of(input);
      if (!found.ok) return NOT;
      inputs.push(found);
    }
    const [input] = inputs;
    switch (node.verb) {
      case "filter":
      case "orderby":
        return input;
      case "branch":
        return input;
      case "derive": {
        const traces = new Map(input.traces);
        for (const { name } of node.columns) traces.delete(name);
        for (const { name, expression } of node.columns) put(traces, name, traceOf(expression, input));
        return { ...input, traces };
      }
      case "select": {
        const names = this.#schema(node.input).map(f => f.name);
        const traces = new Map<string, Trace>();
        for (const { from, to } of selection(node, names)) put(traces, to, input.traces.get(from));
        return { ...input, traces };
      }
      case "port":
        return this.#port(node, input);
      case "sample":
        return node.by === null
          ? this.#no(node, "goes by the number of each row.")
          : this.#alone(node, input, input.traces);
      case "flatMap": {
        const { by } = node;
        const traces = by.kind === "unnest" ? new Map(input.traces) : new Map<string, Trace>();
        if (by.kind === "unnest") traces.delete(by.as);
        return this.#alone(node, input, traces);
      }
      case "union":
        return this.#union(node, inputs);
      case "aggregate": {
        const { strategy } = node;
        if (this.#reads(node, "life")) return this.#no(node, "says the lives of windows of all keys together.");
        if (strategy !== null && reads(node.input, "join"))
          return this.#no(node, "counts what a windowed join puts out, which spans keys.");
        const traces = new Map<string, Trace>();
        for (const { name, expression } of node.keys) put(traces, name, traceOf(expression, input));
        const found = this.#keyed(
          node,
          node.keys.map(k => k.expression),
          input,
          traces,
        );
        return strategy === null ? found : together(found);
      }
      case "integrate": {
        if (node.opening.kind === "stream") return this.#no(node, "takes its openings from another stream.");
        const traces = new Map<string, Trace>();
        for (const { name, expression } of node.keys) put(traces, name, traceOf(expression, input));
        return this.#keyed(
          node,
          node.keys.map(k => k.expression),
          input,
          traces,
        );
      }
      case "dedupe":
        return this.#keyed(node, node.keys.length > 0 ? node.keys.map(k => k.expression) : null, input, input.traces);
      case "topN":
        if (node.strategy !== null) return this.#no(node, "ranks all keys of a window together when it ends.");
        return this.#keyed(
          node,
          node.keys.map(k => k.expression),
          input,
          input.traces,
        );
      case "stateful":
        if (node.onTimer !== null) return this.#no(node, "has timers, which fire in the order of all keys.");
        return this.#keyed(
          node,
          node.keys.map(k => k.expression),
          input,
          new Map(),
        );
      case "join":
        if (node.strategy === null) return this.#join(node, inputs);
        if (this.#counted.has(identity(node)))
          return this.#no(node, "is only counted, for which its pairs are not made.");
        return together(this.#join(node, inputs));
      case "lookup":
        return this.#join(node, inputs);
      case "intervalJoin":
        if (node.kind !== "inner" && node.kind !== "semi")
          return this.#no(node, "puts out rows of several keys when the watermark settles that they have no match.");
        if (this.#reads(node, "late")) return this.#no(node, "says what it dropped.");
        return this.#join(node, inputs);
      default:
        return this.#no(node, "is not divided by key.");
    }
  }

  #reads(node: Node, port: Port): boolean {
    return this.#ports.get(identity(node))?.has(port) === true;
  }

  #schema(node: Node): Schema {
    return schemaOf(node, this.#sources);
  }

  /** A verb that hands rows on one by one, and does not say whose turn they are. */
  #alone(node: Node, input: Divided, traces: ReadonlyMap<string, Trace>): Found {
    if (!input.alone) return this.#no(node, "comes after panes of several keys.");
    return { ...input, traces };
  }

  #port(node: Extract<Node, { verb: "port" }>, input: Divided): Found {
    const port = portRead(node);
    if (port === MAIN) return input;
    if (node.input.verb === "branch") return input;
    // A row that is dropped is said to be at its own position.
    if (node.input.verb === "join") return { ...input, traces: new Map(), alone: true };
    if (node.input.verb !== "aggregate") return NOT;
    // What becomes of a row is said at its own position. Its columns are those of the aggregate's input.
    const from = this.of(node.input.input);
    if (!from.ok) return NOT;
    const traces = new Map<string, Trace>();
    if (port !== "fates") {
      const given = new Set(this.#schema(node.input.input).map(f => f.name));
      const plain = schemaOf(node.input, this.#sources, port).filter(f => given.has(f.name) && !LATE_NAMES.has(f.name));
      for (const { name } of plain) put(traces, name, from.traces.get(name));
    }
    return { ...input, traces, alone: true };
  }

  #union(node: Node, inputs: readonly Divided[]): Found {
    const sources = new Set(inputs.flatMap(i => [...i.sources]));
    const partings = new Set(inputs.map(i => (i.parting === null ? "" : nameOf(i.parting))));
    if (partings.size > 1) return this.#no(node, "brings streams together that are divided in different ways.");
    if (inputs.some(i => !i.alone)) return this.#no(node, "comes after panes of several keys.");
    const traces = new Map<string, Trace>();
    for (const name of inputs[0].traces.keys()) {
      const all = inputs.map(i => i.traces.get(name));
      put(traces, name, agreed(all));
    }
    return { ok: true, sources, traces, parting: inputs[0].parting, alone: true };
  }

  #join(node: Extract<Node, { verb: "join" | "lookup" | "intervalJoin" }>, inputs: readonly Divided[]): Found {
    const [left, right] = inputs;
    if (left.parting !== null || right.parting !== null)
      return this.#no(node, "joins streams that are divided by key before.");
    const pairs = node.keys.left.map((expression, i) =>
      agreed([traceOf(expression, left), traceOf(node.keys.right[i], right)]),
    );
    const sources = new Set([...left.sources, ...right.sources]);
    const traces = new Map<string, Trace>();
    const schema = this.#schema(node.left);
    const bounds = node.verb === "join" && hasWindowColumns(node.strategy) ? WINDOW_FIELDS.map(f => f.name) : [];
    const columns = joinColumns(node, [schema, this.#schema(node.right)], bounds);
    node.keys.left.forEach(({ expr }, i) => {
      if (expr.kind !== "column") return;
      const own = schema.findIndex(f => f.name === expr.name);
      const column = columns.find(c => c.left === own);
      // Where the left side may be missing, so may its key, which then says nothing of the right side's rows.
      if (column !== undefined && node.kind !== "right" && node.kind !== "full") put(traces, column.name, pairs[i]);
    });
    const both: Divided = { ok: true, sources, traces, parting: null, alone: left.alone && right.alone };
    return this.#part(node, pairs, both, traces);
  }

  /** A verb with state by key. `keys` null: no keys stated. */
  #keyed(node: Node, keys: readonly RowExpression[] | null, input: Divided, traces: ReadonlyMap<string, Trace>): Found {
    if (keys === null || keys.length === 0) return this.#no(node, "has no key.");
    return this.#part(
      node,
      keys.map(key => traceOf(key, input)),
      input,
      traces,
    );
  }

  #part(node: Node, keys: readonly (Trace | undefined)[], input: Divided, traces: ReadonlyMap<string, Trace>): Found {
    if (!input.alone) return this.#no(node, "comes after panes of several keys.");
    const whole = keys.filter(key => key !== undefined).filter(key => [...input.sources].every(s => key.has(s)));
    if (input.parting === null) {
      if (whole.length === 0) return this.#no(node, "has no key that is a column of its source.");
      const parting = new Map([...input.sources].map(s => [s, whole.map(key => key.get(s) as string)]));
      return { ...input, traces, parting };
    }
    // What is divided stays so where every column that says how is among the keys.
    const { parting } = input;
    const width = [...parting.values()][0].length;
    for (let i = 0; i < width; i++)
      if (!whole.some(key => [...parting].every(([s, columns]) => key.get(s) === columns[i])))
        return this.#no(node, "has other keys than what it reads.");
    return { ...input, traces };
  }
}

/** Columns of side outputs that do not come from the rows. */
const LATE_NAMES: ReadonlySet<string> = new Set([
  "window_start",
  "window_end",
  "arrived_at",
  "watermark",
  "reason",
  "margin",
  "keeps_with_lateness",
  "keeps_with_delay",
]);

function put(traces: Map<string, Trace>, name: string, trace: Trace | undefined): void {
  if (trace !== undefined) traces.set(name, trace);
}

function traceOf({ expr }: RowExpression, input: Divided): Trace | undefined {
  return expr.kind === "column" ? input.traces.get(expr.name) : undefined;
}

/** Brings traces together that say the same of every source they share. */
function agreed(traces: readonly (Trace | undefined)[]): Trace | undefined {
  const out = new Map<string, string>();
  for (const trace of traces) {
    if (trace === undefined) return undefined;
    for (const [source, column] of trace) {
      if ((out.get(source) ?? column) !== column) return undefined;
      out.set(source, column);
    }
  }
  return out;
}

/** Whether a node hands on what a node of a verb with windows puts out. */
function reads(node: Node, verb: "join"): boolean {
  if (node.verb === verb) return true;
  return (node.verb === "filter" || node.verb === "derive" || node.verb === "select") && reads(node.input, verb);
}
