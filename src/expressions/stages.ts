/**
 * Fuses a chain of filters and derived columns. All conditions become one, over the columns there were at the start, so
 * that one loop selects; derived columns are then computed for the rows that are left, in place. Nothing is copied
 * together in between, and a column that only a condition needs is never made.
 *
 * ```
 * filter a      derive x = f(b)      filter x > 1        one loop: a && f(b) > 1      then x, for what is left
 * ```
 *
 * An opaque function cannot be put into another expression; the chain is cut there and goes on behind it.
 */
import type { Batch } from "../columns/batch.ts";
import type { Column, Schema, Value } from "../columns/column.ts";
import {
  type ColumnKernel,
  type CompileOptions,
  compileColumn,
  compilePredicate,
  type PredicateKernel,
} from "./compile.ts";
import { contains, type Expr, mapParts, type RowExpression } from "./tree.ts";
import { typeOf } from "./types.ts";

/** One step of a chain. The columns of one `derive` do not see each other. */
export type Stage =
  | { readonly kind: "filter"; readonly predicate: RowExpression }
  | {
      readonly kind: "derive";
      readonly columns: readonly { readonly name: string; readonly expression: RowExpression }[];
    };

/** Rows of a batch that are left; `rows` null means all of them. Read columns through `rows`. */
export interface Selected {
  readonly batch: Batch;
  readonly rows: Int32Array | null;
  readonly count: number;
}

/** Runs a chain on a batch, or on some of its rows. The selection it returns is used again by the next call. */
export interface StagesKernel {
  (batch: Batch, rows?: Int32Array | null, count?: number): Selected;
  readonly schema: Schema;
}

/** Compiles a chain of filters and derived columns. Throws when a column is missing. */
export function compileStages(stages: readonly Stage[], schema: Schema, options: CompileOptions = {}): StagesKernel {
  const runs: Run[] = [];
  let at = schema;
  for (const group of groups(stages)) {
    const run = compileGroup(group, at, options);
    runs.push(run);
    at = run.schema;
  }
  return Object.assign(
    (batch: Batch, rows: Int32Array | null = null, count = batch.length): Selected =>
      runs.reduce<Selected>((selected, run) => run.apply(selected), { batch, rows, count }),
    { schema: at },
  );
}

/** Cuts a chain before and after every stage with an opaque function. */
function groups(stages: readonly Stage[]): Stage[][] {
  const out: Stage[][] = [];
  let open = false;
  for (const stage of stages) {
    const expressions = stage.kind === "filter" ? [stage.predicate] : stage.columns.map(c => c.expression);
    const opaque = expressions.some(e => contains(e.expr, "opaque"));
    if (open && !opaque) out[out.length - 1].push(stage);
    else out.push([stage]);
    open = !opaque;
  }
  return out;
}

interface Run {
  readonly schema: Schema;
  apply(selected: Selected): Selected;
}

function compileGroup(stages: readonly Stage[], schema: Schema, options: CompileOptions): Run {
  const scope = new ParameterScope();
  const derived = new Map<string, Expr>();
  let condition: Expr | undefined;
  for (const stage of stages) {
    if (stage.kind === "filter") {
      const test = inline(scope.rename(stage.predicate), derived);
      condition = condition === undefined ? test : { kind: "logical", operator: "&&", left: condition, right: test };
    } else {
      const made = stage.columns.map(c => [c.name, inline(scope.rename(c.expression), derived)] as const);
      for (const [name, expr] of made) derived.set(name, expr);
    }
  }
  const expression = (expr: Expr): RowExpression => ({ expr, parameters: scope.parameters, source: "" });
  const predicate = condition === undefined ? undefined : compilePredicate(expression(condition), [schema], options);
  const columns = [...derived].map(([name, expr]) => ({
    field: { name, ...typeOf(expression(expr), [schema]) },
    kernel: compileColumn(expression(expr), [schema], { codegen: options.codegen }),
  }));
  const fields = schema.map(field => columns.find(c => c.field.name === field.name)?.field ?? field);
  const added = columns.filter(c => !schema.some(field => field.name === c.field.name));
  const out: Schema = [...fields, ...added.map(c => c.field)];
  const kernels = out.map(field => columns.find(c => c.field === field)?.kernel);
  let selection = new Int32Array(0);
  return {
    schema: out,
    apply(selected) {
      if (selection.length < selected.count) selection = new Int32Array(Math.max(selected.count, 2 * selection.length));
      const left = predicate === undefined ? selected : select(predicate, selected, selection);
      return {
        ...left,
        batch: { schema: out, length: left.batch.length, columns: kernels.map((k, i) => made(k, left, i)) },
      };
    },
  };
}

function select(predicate: PredicateKernel, { batch, rows, count }: Selected, out: Int32Array): Selected {
  const left = rows === null ? predicate(batch, out) : predicate.refine(batch, rows, count, out);
  return left === count ? { batch, rows, count } : { batch, rows: out, count: left };
}

function made(kernel: ColumnKernel | undefined, { batch, rows, count }: Selected, index: number): Column {
  if (kernel === undefined) return batch.columns[index];
  return rows === null ? kernel(batch) : kernel.selected(batch, rows, count);
}

/** Puts the expressions of derived columns in the place of their names. */
function inline(expr: Expr, derived: ReadonlyMap<string, Expr>): Expr {
  if (expr.kind === "column") return derived.get(expr.name) ?? expr;
  return mapParts(expr, part => inline(part, derived));
}

/**
 * Joins the parameters of several expressions in one record. Equal names of different expressions may hold different
 * values, so each expression's parameters get names of their own; values are looked up in the expressions' own records,
 * so that a change there is seen.
 */
class ParameterScope {
  readonly parameters: Record<string, Value> = {};
  #expressions = 0;

  rename({ expr, parameters }: RowExpression): Expr {
    const prefix = `${this.#expressions++}.`;
    for (const name of Object.keys(parameters))
      Object.defineProperty(this.parameters, prefix + name, { get: () => parameters[name], enumerable: true });
    const change = (e: Expr): Expr => (e.kind === "parameter" ? { ...e, name: prefix + e.name } : mapParts(e, change));
    return contains(expr, "opaque") ? this.#keep(expr, parameters) : change(expr);
  }

  /** An opaque function knows its parameters by their own names; it is alone in its group, so they cannot clash. */
  #keep(expr: Expr, parameters: Readonly<Record<string, Value>>): Expr {
    for (const name of Object.keys(parameters))
      Object.defineProperty(this.parameters, name, {
        get: () => parameters[name],
        enumerable: true,
        configurable: true,
      });
    return expr;
  }
}
