/** Prints each verb of a pipeline as the call that makes it: one function per verb, and every verb has one. */
import type { NamedExpression } from "../../pipeline/verbs/derive.ts";
import type { JoinKind } from "../../pipeline/verbs/join.ts";
import type { Matching } from "../../pipeline/matching.ts";
import type { SourceNode, TimeField } from "../../pipeline/verbs/source.ts";
import type { Order } from "../../pipeline/verbs/topN.ts";
import type { Node, VerbName } from "../../pipeline/node.ts";
import { printTypeScript, printTypeScriptBody } from "../../expressions/printers/typescript.ts";
import { type Expr, mapParts, type RowExpression } from "../../expressions/tree.ts";
import type { AggregateCall } from "../../pipeline/verbs/aggregate.ts";
import type { DelayDistribution } from "../../pipeline/verbs/withLateness.ts";
import type { Field } from "../../columns/column.ts";
import { callWithObject, isName, literal, object, propertyName } from "./literal.ts";
import { printDuration, printStrategy, printWatermark } from "./print.ts";
import { isFunction, type Script, same } from "./script.ts";

/** What a verb's printer works with. */
export interface VerbContext {
  readonly script: Script;
  /** Writes a stream that is an argument: its name, or its whole chain. */
  stream(node: Node): string;
}

/** A node as text: calls to put after the stream it reads, or for a source the call that makes it. */
export interface PrintedVerb {
  /** The stream that the calls continue; null where the first call makes a stream. */
  readonly on: Node | null;
  readonly calls: readonly string[];
}

type VerbPrinter<N> = (node: N, context: VerbContext) => PrintedVerb;

/** Where chained calls stand. */
const INDENT = "  ";

const JOIN_METHODS: Readonly<Record<JoinKind, string>> = {
  inner: "join",
  left: "joinLeft",
  right: "joinRight",
  full: "joinFull",
  semi: "semijoin",
  anti: "antijoin",
};

export const VERB_PRINTERS: { readonly [V in VerbName]: VerbPrinter<Extract<Node, { verb: V }>> } = {
  source: (node, { script }) => ({ on: null, calls: [printSource(node, script)] }),

  filter: ({ input, predicate }, { script }) => ({ on: input, calls: [`.filter(${script.expression(predicate)})`] }),

  derive: ({ input, columns }, { script }) => ({
    on: input,
    calls: [callWithObject(".derive", [], entries(columns, script), INDENT)],
  }),

  select({ input, columns, rename }) {
    const names = Object.entries(rename).map(([from, to]) => `${propertyName(from)}: ${literal(to)}`);
    if (columns === null) return { on: input, calls: [`.rename(${object(names)})`] };
    const kept = columns.map(name =>
      Object.hasOwn(rename, name) ? `{ ${propertyName(name)}: ${literal(rename[name])} }` : literal(name),
    );
    return { on: input, calls: [`.select(${kept.join(", ")})`] };
  },

  aggregate: ({ input, keys, strategy, aggregates, outputs }, { script }) => ({
    on: input,
    calls: [
      ...groupby(keys, script),
      ...(strategy === null ? [] : printStrategy(strategy, script.imports)),
      callWithObject(
        ".rollup",
        [],
        entries(
          outputs.map(o => wholeOutput(o, aggregates)),
          script,
        ),
        INDENT,
      ),
    ],
  }),

  // A branch is a property of what `branch` returns, every other output a method of the stream.
  port: ({ input, port }) => ({
    on: input,
    calls: [input.verb !== "branch" ? `.${port}()` : isName(port) ? `.${port}` : `[${literal(port)}]`],
  }),

  branch: ({ input, branches }, { script }) => ({
    on: input,
    calls: [
      callWithObject(
        ".branch",
        [],
        branches.map(b => `${propertyName(b.name)}: ${script.expression(b.predicate)}`),
        INDENT,
      ),
    ],
  }),

  sample({ input, fraction, seed, by }, { script }) {
    const options = [
      ...(seed === 0 ? [] : [`seed: ${literal(seed)}`]),
      ...(by === null ? [] : [`by: ${script.expression(by)}`]),
    ];
    return { on: input, calls: [callWithObject(".sample", [literal(fraction)], options, INDENT)] };
  },

  orderby: ({ input, order }, { script }) => ({
    on: input,
    calls: [`.orderby(${order.map(o => printOrder(o, script)).join(", ")})`],
  }),

  flatMap({ input, by }, { script }) {
    if (by.kind === "function") {
      const columns = [`columns: ${printColumns(by.fields)}`];
      return {
        on: input,
        calls: [callWithObject(".flatMap", [script.fn(by.fn.source, by.fn.parameters)], columns, INDENT)],
      };
    }
    const options = [
      ...(by.as === by.column ? [] : [`as: ${literal(by.as)}`]),
      ...(by.type === "json" ? [] : [`type: ${literal(by.type)}`]),
    ];
    return { on: input, calls: [callWithObject(".unnest", [literal(by.column)], options, INDENT)] };
  },

  withLateness({ input, seed, delay, share, duplicate, drop }) {
    const options = [
      `delay: ${printDelay(delay)}`,
      ...(share === 1 ? [] : [`share: ${literal(share)}`]),
      ...(duplicate === 0 ? [] : [`duplicate: ${literal(duplicate)}`]),
      ...(drop === 0 ? [] : [`drop: ${literal(drop)}`]),
      ...(seed === 0 ? [] : [`seed: ${literal(seed)}`]),
    ];
    return { on: input, calls: [callWithObject(".withLateness", [], options, INDENT)] };
  },

  lookup(node, { script, stream }) {
    const options = [...(node.kind === "left" ? [] : [`kind: ${literal(node.kind)}`]), ...suffixes(node)];
    const args = [stream(node.right), printOn(node.keys, script)];
    return { on: node.left, calls: [callWithObject(".lookup", args, options, INDENT)] };
  },

  intervalJoin(node, { script, stream }) {
    const options = [
      `lower: ${printDuration(node.lower)}`,
      `upper: ${printDuration(node.upper)}`,
      ...(node.kind === "inner" ? [] : [`kind: ${literal(node.kind)}`]),
      ...lateness(node),
      ...suffixes(node),
    ];
    const args = [stream(node.right), printOn(node.keys, script)];
    return { on: node.left, calls: [callWithObject(".intervalJoin", args, options, INDENT)] };
  },

  asofJoin(node, { script, stream }) {
    const options = [
      ...(node.kind === "left" ? [] : [`kind: ${literal(node.kind)}`]),
      ...(node.tolerance === Infinity ? [] : [`tolerance: ${printDuration(node.tolerance)}`]),
      ...lateness(node),
      ...suffixes(node),
    ];
    const args = [stream(node.right), printOn(node.keys, script)];
    return { on: node.left, calls: [callWithObject(".asofJoin", args, options, INDENT)] };
  },

  stateful({ input, keys, initial, onRow, onTimer, fields }, { script }) {
    const options = [
      ...(same(initial, {}) ? [] : [`initial: ${literal(initial)}`]),
      `onRow: ${script.fn(onRow.source, onRow.parameters)}`,
      ...(onTimer === null ? [] : [`onTimer: ${script.fn(onTimer.source, onTimer.parameters)}`]),
      `columns: ${printColumns(fields)}`,
    ];
    return { on: input, calls: [...groupby(keys, script), callWithObject(".stateful", [], options, INDENT)] };
  },

  union: ({ inputs: [first, ...others] }, { stream }) => ({
    on: first,
    calls: [`.union(${others.map(stream).join(", ")})`],
  }),

  join(node, { script, stream }) {
    const args = [stream(node.right), printOn(node.keys, script)];
    return {
      on: node.left,
      calls: [
        ...(node.strategy === null ? [] : printStrategy(node.strategy, script.imports)),
        callWithObject(`.${JOIN_METHODS[node.kind]}`, args, suffixes(node), INDENT),
      ],
    };
  },

  dedupe({ input, keys, keep, within }, { script }) {
    const options = [
      ...(keep === "first" ? [] : [`keep: ${literal(keep)}`]),
      ...(within === null ? [] : [`within: ${printDuration(within)}`]),
    ];
    const args = keys.length > 0 ? [keysArgument(keys, script)] : options.length > 0 ? ["null"] : [];
    return { on: input, calls: [callWithObject(".dedupe", args, options, INDENT)] };
  },

  topN({ input, n, keys, order, strategy }, { script }) {
    const criteria = order.map(o => printOrder(o, script));
    return {
      on: input,
      calls: [
        ...groupby(keys, script),
        ...(strategy === null ? [] : printStrategy(strategy, script.imports)),
        `.topN(${n}, ${criteria.length === 1 ? criteria[0] : `[${criteria.join(", ")}]`})`,
      ],
    };
  },

  integrate({ input, keys, value, opening }, { script, stream }) {
    const options: string[] = [];
    if (opening.kind === "number" && opening.value !== 0) options.push(`opening: ${literal(opening.value)}`);
    if (opening.kind === "numbers") options.push(`opening: ${literal(opening.values)}`);
    if (opening.kind === "stream") {
      const by = same(opening.keys, keys) ? [] : [`by: ${keysArgument(opening.keys, script)}`];
      const parts = [`from: ${stream(opening.node)}`, `value: ${script.expression(opening.value)}`, ...by];
      options.push(`opening: ${object(parts)}`);
    }
    return {
      on: input,
      calls: [...groupby(keys, script), callWithObject(".integrate", [script.expression(value)], options, INDENT)],
    };
  },

  differentiate({ input, keys, value, late, opening }, { script }) {
    const after = input.verb === "integrate" ? input : null;
    const known = after?.opening.kind === "number" ? after.opening.value : 0;
    const options = [
      ...(late === (after === null ? "next" : "later") ? [] : [`late: ${literal(late)}`]),
      ...(opening === known ? [] : [`opening: ${literal(opening)}`]),
    ];
    return {
      on: input,
      calls: [...groupby(keys, script), callWithObject(".differentiate", [script.expression(value)], options, INDENT)],
    };
  },

  nowcast({ input, value, every, most }) {
    // What is read is the port that `nowcast` itself asks for.
    const on = input.verb === "port" ? input.input : input;
    const options = [
      `value: ${literal(value)}`,
      `every: ${printDuration(every)}`,
      ...(most === null ? [] : [`most: ${most}`]),
    ];
    return { on, calls: [callWithObject(".nowcast", [], options, INDENT)] };
  },

  reconcile({ flows, snapshots, flowKeys, snapshotKeys, flow, balance }, { script, stream }) {
    const by = same(flowKeys, snapshotKeys) ? [] : [`by: ${keysArgument(snapshotKeys, script)}`];
    const options = [`flow: ${script.expression(flow)}`, `balance: ${script.expression(balance)}`, ...by];
    return {
      on: flows,
      calls: [...groupby(flowKeys, script), callWithObject(".reconcile", [stream(snapshots)], options, INDENT)],
    };
  },
};

/** Prints one node. */
export function printVerb(node: Node, context: VerbContext): PrintedVerb {
  return (VERB_PRINTERS[node.verb] as VerbPrinter<Node>)(node, context);
}

function printSource(node: SourceNode, script: Script): string {
  const { input, arrivalTime, partition, watermark, types } = node;
  const options = [
    `eventTime: ${printTime(node.eventTime)}`,
    ...(arrivalTime === null ? [] : [`arrivalTime: ${printTime(arrivalTime)}`]),
    ...(partition === null ? [] : [`partition: ${literal(partition)}`]),
    `watermark: ${printWatermark(watermark, script.imports)}`,
    ...(Object.keys(types).length === 0 ? [] : [`types: ${literal(types)}`]),
  ];
  if (input.kind === "rows") {
    const rows = input.rows.map(row => `  ${literal(row)},`);
    return callWithObject(script.imports.use("rows"), [`[\n${rows.join("\n")}\n]`], options, "");
  }
  if (input.format !== null) options.push(`format: ${literal(input.format)}`);
  if (input.kind === "file" && input.ended !== undefined) options.push(`ended: ${input.ended}`);
  for (const [name, value] of Object.entries(input.options)) options.push(`${propertyName(name)}: ${literal(value)}`);
  return callWithObject(script.imports.use("source"), [literal(input.name)], options, "");
}

function printTime({ column, unit, timeZone }: TimeField): string {
  if (unit === null && timeZone === null) return literal(column);
  return literal({ column, ...(unit === null ? {} : { unit }), ...(timeZone === null ? {} : { timeZone }) });
}

function entries(columns: readonly NamedExpression[], script: Script): string[] {
  return columns.map(({ name, expression }) => `${propertyName(name)}: ${script.expression(expression)}`);
}

/** Puts the aggregates back into an output expression, which refers to them as columns, and writes it as a function. */
function wholeOutput({ name, expression }: NamedExpression, aggregates: readonly AggregateCall[]): NamedExpression {
  const calls = new Map(aggregates.map(call => [call.name, call]));
  const parameters = { ...expression.parameters };
  const restore = (expr: Expr): Expr => {
    const call = expr.kind === "column" ? calls.get(expr.name) : undefined;
    if (call === undefined) return mapParts(expr, restore);
    for (const argument of call.arguments) Object.assign(parameters, argument.parameters);
    return { kind: "aggregate", name: call.aggregate, arguments: call.arguments.map(a => a.expr) };
  };
  const whole = { expr: restore(expression.expr), parameters, source: "" };
  return { name, expression: { ...whole, source: printTypeScript(whole) } };
}

function suffixes(node: { readonly suffixes: readonly [string, string] }): string[] {
  return same(node.suffixes, ["_left", "_right"]) ? [] : [`suffixes: ${literal(node.suffixes)}`];
}

function lateness(node: { readonly allowedLateness: number }): string[] {
  return node.allowedLateness === 0 ? [] : [`allowedLateness: ${printDuration(node.allowedLateness)}`];
}

function printColumns(fields: readonly Field[]): string {
  return object(fields.map(f => `${propertyName(f.name)}: ${literal(f.type)}`));
}

function printDelay(delay: DelayDistribution): string {
  switch (delay.kind) {
    case "constant":
      return printDuration(delay.delay);
    case "uniform":
      return `{ uniform: [${printDuration(delay.from)}, ${printDuration(delay.to)}] }`;
    case "exponential":
      return `{ exponential: ${printDuration(delay.mean)} }`;
    case "pareto":
      return `{ pareto: [${printDuration(delay.scale)}, ${literal(delay.shape)}] }`;
  }
}

function isPlain({ name, expression: { expr } }: NamedExpression): boolean {
  return expr.kind === "column" && expr.name === name && expr.side === 0;
}

function groupby(keys: readonly NamedExpression[], script: Script): string[] {
  if (keys.length === 0) return [];
  if (keys.every(isPlain)) return [`.groupby(${keys.map(k => literal(k.name)).join(", ")})`];
  return [callWithObject(".groupby", [], entries(keys, script), INDENT)];
}

function keysArgument(keys: readonly NamedExpression[], script: Script): string {
  if (!keys.every(isPlain)) return object(entries(keys, script));
  return keys.length === 1 ? literal(keys[0].name) : literal(keys.map(k => k.name));
}

function printOrder({ expression, descending }: Order, script: Script): string {
  const by = script.expression(expression);
  return descending ? `${script.imports.use("desc")}(${by})` : by;
}

/** Prints a join's condition as it was written: names of columns, pairs of names, or a function of both rows. */
function printOn(keys: Matching, script: Script): string {
  const parts = [...keys.left, ...keys.right, ...(keys.residual === null ? [] : [keys.residual])];
  const [first] = parts;
  if (first !== undefined && isFunction(first.source) && parts.every(p => p.source === first.source))
    return script.fn(first.source, Object.assign({}, ...parts.map(p => p.parameters)) as Record<string, unknown>);
  const names = keys.left.map((l, i) => [columnName(l), columnName(keys.right[i])] as const);
  if (keys.residual === null && names.every(([l, r]) => l !== null && r !== null)) {
    if (names.every(([l, r]) => l === r))
      return names.length === 1 ? literal(names[0][0]) : literal(names.map(n => n[0]));
    return object(names.map(([l, r]) => `${propertyName(l as string)}: ${literal(r)}`));
  }
  return script.fn(conditionText(keys), Object.assign({}, ...parts.map(p => p.parameters)) as Record<string, unknown>);
}

function columnName({ expr }: RowExpression): string | null {
  return expr.kind === "column" ? expr.name : null;
}

function conditionText({ left, right, residual }: Matching): string {
  const conjuncts = left.map(
    (l, i) => `(${printTypeScriptBody(l, { rows: ["l"] })}) === (${printTypeScriptBody(right[i], { rows: ["r"] })})`,
  );
  if (residual !== null) conjuncts.push(`(${printTypeScriptBody(residual, { rows: ["l", "r"] })})`);
  return `(l, r) => ${conjuncts.join(" && ")}`;
}
