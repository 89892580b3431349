/**
 * What the joins share in the pipeline: reading the condition under which two rows belong together, and naming the
 * columns of what comes out.
 */
import { columnIndex } from "../columns/batch.ts";
import type { Field, Schema } from "../columns/column.ts";
import { type ExpressionInput, parseExpression } from "../expressions/parse.ts";
import { type Expr, mapParts, parametersOf, type RowExpression, visit } from "../expressions/tree.ts";
import { typeOf } from "../expressions/types.ts";

/** How rows belong together: keys that are equal, pair by pair, and a further condition over both rows. */
export interface Matching {
  /** Key expressions over the left row and over the right row, of equal number. Rows with a null key match nothing. */
  readonly left: readonly RowExpression[];
  readonly right: readonly RowExpression[];
  readonly residual: RowExpression | null;
}

/**
 * What a person may write for a join's condition: a column of both sides (`"account"`), several, left to right names
 * (`{seller: "id"}`), Arquero's two lists (`[["seller"], ["id"]]`), or a function of both rows
 * (`(l, r) => l.seller === r.id && l.at <= r.until`). Equalities joined by `&&` become keys; the rest is tested pair by pair.
 */
export type On =
  | string
  | readonly string[]
  | readonly [readonly string[], readonly string[]]
  | Readonly<Record<string, string>>
  | ExpressionInput;

/** Reads a join's condition. Throws where it cannot be parsed. */
export function matching(on: On): Matching {
  if (typeof on === "function") return splitCondition(parseExpression(on as ExpressionInput));
  if (typeof on === "string") return equalities([[on, on]]);
  if (Array.isArray(on)) {
    if (on.length === 2 && on.every(Array.isArray)) {
      const [left, right] = on as unknown as [string[], string[]];
      if (left.length !== right.length)
        throw new Error(`A join needs as many columns on the left (${left.length}) as on the right (${right.length}).`);
      return equalities(left.map((name, i) => [name, right[i]]));
    }
    return equalities((on as string[]).map(name => [name, name]));
  }
  if (typeof on === "object" && "expr" in on) return splitCondition(on as RowExpression);
  return equalities(Object.entries(on as Record<string, string>));
}

function equalities(pairs: readonly (readonly [string, string])[]): Matching {
  const column = (name: string): RowExpression => ({
    expr: { kind: "column", name, side: 0 },
    parameters: {},
    source: name,
  });
  return { left: pairs.map(([l]) => column(l)), right: pairs.map(([, r]) => column(r)), residual: null };
}

function splitCondition(condition: RowExpression): Matching {
  if (condition.expr.kind === "opaque")
    throw new Error(
      `The join condition "${condition.source}" cannot be used, because ${condition.expr.reason}. Compare columns: (l, r) => l.a === r.b.`,
    );
  const left: RowExpression[] = [];
  const right: RowExpression[] = [];
  let residual: Expr | null = null;
  const only = (expr: Expr): RowExpression => {
    const own = toLeft(expr);
    return { expr: own, parameters: pick(condition.parameters, own), source: condition.source };
  };
  for (const part of conjuncts(condition.expr)) {
    const sides =
      part.kind === "binary" && /^={2,3}$/.test(part.operator) ? [sideOf(part.left), sideOf(part.right)] : [];
    if (part.kind === "binary" && sides[0] === 0 && sides[1] === 1) {
      left.push(only(part.left));
      right.push(only(part.right));
    } else if (part.kind === "binary" && sides[0] === 1 && sides[1] === 0) {
      left.push(only(part.right));
      right.push(only(part.left));
    } else residual = residual === null ? part : { kind: "logical", operator: "&&", left: residual, right: part };
  }
  return {
    left,
    right,
    residual:
      residual === null
        ? null
        : { expr: residual, parameters: pick(condition.parameters, residual), source: condition.source },
  };
}

function conjuncts(expr: Expr): Expr[] {
  return expr.kind === "logical" && expr.operator === "&&"
    ? [...conjuncts(expr.left), ...conjuncts(expr.right)]
    : [expr];
}

/** The side whose columns an expression reads: 0, 1, or null for neither or both. */
function sideOf(expr: Expr): 0 | 1 | null {
  const sides = new Set<0 | 1>();
  visit(expr, e => {
    if (e.kind === "column") sides.add(e.side);
  });
  return sides.size === 1 ? [...sides][0] : null;
}

/** The same expression over a row on its own. */
function toLeft(expr: Expr): Expr {
  return expr.kind === "column" ? { ...expr, side: 0 } : mapParts(expr, toLeft);
}

function pick(parameters: RowExpression["parameters"], expr: Expr): RowExpression["parameters"] {
  return Object.fromEntries(parametersOf(expr).map(name => [name, parameters[name]]));
}

/** Where a column of a join's result comes from. */
export interface JoinedColumn extends Field {
  /** Index of the left input's column, or −1. */
  readonly left: number;
  /** Index of the right input's column, or −1. A key named alike on both sides has both: the left one, or else the right one. */
  readonly right: number;
}

/** Whether rows without a match come out, and from which side. */
export interface Preserved {
  readonly left: boolean;
  readonly right: boolean;
}

/**
 * Names the columns of a join: those of the left, then those of the right. A key of the same name on both sides is one
 * column; other names that both sides have get the suffixes. `reserved` names are taken by the join itself.
 */
export function joinedColumns(
  keys: Matching,
  inputs: readonly Schema[],
  preserved: Preserved,
  suffixes: readonly [string, string],
  reserved: readonly string[] = [],
): JoinedColumn[] {
  const [left, right] = inputs;
  const shared = new Set<string>();
  keys.left.forEach((l, i) => {
    const r = keys.right[i];
    if (l.expr.kind === "column" && r.expr.kind === "column" && l.expr.name === r.expr.name) shared.add(l.expr.name);
  });
  const clash = (name: string, other: Schema): boolean => columnIndex(other, name) >= 0 || reserved.includes(name);
  const out: JoinedColumn[] = left.map((field, i) =>
    shared.has(field.name)
      ? { ...field, left: i, right: columnIndex(right, field.name) }
      : {
          name: clash(field.name, right) ? field.name + suffixes[0] : field.name,
          type: field.type,
          nullable: field.nullable || preserved.right,
          left: i,
          right: -1,
        },
  );
  right.forEach((field, i) => {
    if (shared.has(field.name)) return;
    const name = clash(field.name, left) ? field.name + suffixes[1] : field.name;
    out.push({ name, type: field.type, nullable: field.nullable || preserved.left, left: -1, right: i });
  });
  const names = new Set<string>(reserved);
  for (const { name } of out) {
    if (names.has(name))
      throw new Error(
        `The join would have two columns named "${name}". Rename one of them, or choose other suffixes: {suffixes: ["_a", "_b"]}.`,
      );
    names.add(name);
  }
  return out;
}

/** Checks that keys and condition fit the columns. Throws where a column is missing or two keys can never be equal. */
export function checkMatching(keys: Matching, inputs: readonly Schema[]): void {
  const family = (type: string): string => (type === "timestamp" ? "number" : type);
  keys.left.forEach((l, i) => {
    const a = typeOf(l, [inputs[0]]).type;
    const b = typeOf(keys.right[i], [inputs[1]]).type;
    if (family(a) !== family(b))
      throw new Error(
        `The join compares a ${a} (${describeKey(l)}) with a ${b} (${describeKey(keys.right[i])}); they are never equal. Convert one of them first.`,
      );
  });
  if (keys.residual !== null) typeOf(keys.residual, inputs);
}

function describeKey(key: RowExpression): string {
  return key.expr.kind === "column" ? key.expr.name : key.source;
}

/** Writes a condition in few words. */
export function describeMatching(keys: Matching): string {
  const pairs = keys.left.map((l, i) => {
    const a = describeKey(l);
    const b = describeKey(keys.right[i]);
    return a === b ? a : `${a} = ${b}`;
  });
  return [...new Set([...pairs, ...(keys.residual === null ? [] : ["a condition"])])].join(", ") || "everything";
}
