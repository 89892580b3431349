/**
 * What a row expression is once it has been read: a small tree of plain data. It can be cloned to a Worker, written as
 * JSON and hashed; functions, regular expressions and `undefined` never occur in it. `NaN` and the infinities, which
 * JSON cannot carry, are the calls `nan()` and `infinity()`; a regular expression is two string arguments, its pattern
 * and its flags. What the operators mean, and what they do with null, is written in `values.ts`.
 */
import type { Scalar, Value } from "../columns/column.ts";

export type UnaryOperator = "-" | "+" | "!" | "~" | "typeof";

export type BinaryOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "**"
  | "&"
  | "|"
  | "^"
  | "<<"
  | ">>"
  | ">>>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "=="
  | "!="
  | "==="
  | "!==";

export type LogicalOperator = "&&" | "||" | "??";

/** Which of the two rows a column is read from: 0 is the first parameter, 1 the second (joins). */
export type Side = 0 | 1;

export interface LiteralExpr {
  readonly kind: "literal";
  readonly value: Scalar;
}

/** Reads a column of the row: `d.amount`. */
export interface ColumnExpr {
  readonly kind: "column";
  readonly name: string;
  readonly side: Side;
}

/** Reads a captured cell value; the value itself is in `RowExpression.parameters`. */
export interface ParameterExpr {
  readonly kind: "parameter";
  readonly name: string;
}

export interface UnaryExpr {
  readonly kind: "unary";
  readonly operator: UnaryOperator;
  readonly argument: Expr;
}

export interface BinaryExpr {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
}

export interface LogicalExpr {
  readonly kind: "logical";
  readonly operator: LogicalOperator;
  readonly left: Expr;
  readonly right: Expr;
}

export interface ConditionalExpr {
  readonly kind: "conditional";
  readonly test: Expr;
  readonly consequent: Expr;
  readonly alternate: Expr;
}

/** Calls a scalar function of the registry (`functions.ts`); `Math.*` and string methods have been normalised to it. */
export interface CallExpr {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly Expr[];
}

/** Calls an aggregate of the registry (`aggregates.ts`). */
export interface AggregateExpr {
  readonly kind: "aggregate";
  readonly name: string;
  readonly arguments: readonly Expr[];
}

/** Reaches into a json value. */
export interface MemberExpr {
  readonly kind: "member";
  readonly object: Expr;
  readonly property: Expr;
}

/** A function that could not be parsed; it runs as it is on row objects, with its captured values as free names. */
export interface OpaqueExpr {
  readonly kind: "opaque";
  readonly source: string;
  /** Why it could not be parsed, as a sentence a person can act on. */
  readonly reason: string;
  /** The captured names the function uses, sorted. */
  readonly captured: readonly string[];
}

export type Expr =
  | LiteralExpr
  | ColumnExpr
  | ParameterExpr
  | UnaryExpr
  | BinaryExpr
  | LogicalExpr
  | ConditionalExpr
  | CallExpr
  | AggregateExpr
  | MemberExpr
  | OpaqueExpr;

/** An expression with the values of the parameters it uses and the text it was read from. */
export interface RowExpression {
  readonly expr: Expr;
  readonly parameters: Readonly<Record<string, Value>>;
  readonly source: string;
}

/** Lists the direct parts of an expression, in order of evaluation. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "literal":
    case "column":
    case "parameter":
    case "opaque":
      return [];
    case "unary":
      return [expr.argument];
    case "binary":
    case "logical":
      return [expr.left, expr.right];
    case "conditional":
      return [expr.test, expr.consequent, expr.alternate];
    case "call":
    case "aggregate":
      return expr.arguments;
    case "member":
      return [expr.object, expr.property];
  }
}

/** Visits an expression and all its parts, parents first. */
export function visit(expr: Expr, visitor: (expr: Expr) => void): void {
  visitor(expr);
  for (const part of partsOf(expr)) visit(part, visitor);
}

/** Rebuilds an expression with each direct part replaced by `change(part)`. */
export function mapParts(expr: Expr, change: (expr: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "literal":
    case "column":
    case "parameter":
    case "opaque":
      return expr;
    case "unary":
      return { ...expr, argument: change(expr.argument) };
    case "binary":
    case "logical":
      return { ...expr, left: change(expr.left), right: change(expr.right) };
    case "conditional":
      return {
        ...expr,
        test: change(expr.test),
        consequent: change(expr.consequent),
        alternate: change(expr.alternate),
      };
    case "call":
    case "aggregate":
      return { ...expr, arguments: expr.arguments.map(change) };
    case "member":
      return { ...expr, object: change(expr.object), property: change(expr.property) };
  }
}

/** Lists the columns an expression reads, each once, in order of first use. An opaque function may read all of them. */
export function columnsOf(expr: Expr, side: Side = 0): string[] {
  const names = new Set<string>();
  visit(expr, e => {
    if (e.kind === "column" && e.side === side) names.add(e.name);
  });
  return [...names];
}

/** Lists the parameters an expression reads, each once, in order of first use. */
export function parametersOf(expr: Expr): string[] {
  const names = new Set<string>();
  visit(expr, e => {
    if (e.kind === "parameter") names.add(e.name);
    else if (e.kind === "opaque") for (const name of e.captured) names.add(name);
  });
  return [...names];
}

/** Tells whether an expression contains a part of the given kind. */
export function contains(expr: Expr, kind: Expr["kind"]): boolean {
  return expr.kind === kind || partsOf(expr).some(part => contains(part, kind));
}
