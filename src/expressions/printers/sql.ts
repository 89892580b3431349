/**
 * Prints an expression as SQL. One printer; a dialect is a table of differences.
 *
 * Three-valued logic is the main difference to bridge. In the notebook a comparison with null is false, in SQL it is
 * unknown. Where the two cannot be told apart (the top of a WHERE, under AND and OR) the plain comparison is printed;
 * elsewhere it is wrapped in COALESCE(…, FALSE). Timestamps are milliseconds since the epoch, as in the notebook.
 */
import type { Schema, Value } from "../../columns/column.ts";
import { functionNamed, type ParameterType, parameterAt, type Template } from "../functions.ts";
import type { BinaryExpr, CallExpr, Expr, LogicalExpr, RowExpression, Side } from "../tree.ts";
import { type InferredType, inferType, parameterValue } from "../types.ts";
import { ATOM, atom, fillTemplate, Findings, type Fragment, isAtomic, type Printed, within } from "./fragment.ts";

export interface SqlDialect {
  readonly name: string;
  /** The character around identifiers; it is doubled inside. */
  readonly quote: '"' | "`";
  readonly text: string;
  readonly double: string;
  /** A comparison that is true for two nulls. */
  readonly same: string;
  /** Makes the dialect's timestamp, in UTC, of milliseconds `$1`. */
  readonly time: string;
  /** Whether backslashes in string literals are escapes. */
  readonly backslash: boolean;
  /** Templates that differ from the records' own; null where the dialect has nothing of the kind. */
  readonly functions: Readonly<Record<string, Template | null>>;
  /** How to test `$1` against the pattern `$2`; null without regular expressions. */
  readonly matches: string | null;
}

export const SQL_DIALECTS = {
  duckdb: {
    name: "DuckDB",
    quote: '"',
    text: "VARCHAR",
    double: "DOUBLE",
    same: "IS NOT DISTINCT FROM",
    time: "make_timestamp(CAST(FLOOR($1) * 1000 AS BIGINT))",
    backslash: false,
    matches: "regexp_matches($1, $2)",
    functions: {
      is_nan: "ISNAN($1)",
      lastindexof: null,
      milliseconds: "EXTRACT(MILLISECOND FROM $1) % 1000",
      log1p: "LN(1 + $1)",
    },
  },
  postgres: {
    name: "PostgreSQL",
    quote: '"',
    text: "TEXT",
    double: "DOUBLE PRECISION",
    same: "IS NOT DISTINCT FROM",
    time: "(TO_TIMESTAMP($1 / 1000.0) AT TIME ZONE 'UTC')",
    backslash: false,
    matches: "$1 ~ $2",
    functions: {
      is_nan: "$1 = 'NaN'",
      is_finite: "$1 NOT IN ('NaN', 'Infinity', '-Infinity')",
      endswith: "RIGHT($1, CHAR_LENGTH($2)) = $2",
      includes: "POSITION($2 IN $1) > 0",
      log2: "LOG(2, $1)",
      log10: "LOG($1)",
      milliseconds: "CAST(EXTRACT(MILLISECOND FROM $1) AS INTEGER) % 1000",
    },
  },
  flink: {
    name: "Flink SQL",
    quote: "`",
    text: "STRING",
    double: "DOUBLE",
    same: "IS NOT DISTINCT FROM",
    time: "TO_TIMESTAMP_LTZ(CAST($1 AS BIGINT), 3)",
    backslash: false,
    matches: "REGEXP($1, $2)",
    functions: {
      is_nan: "$1 <> $1",
      is_finite: null,
      startswith: "STARTSWITH($1, $2)",
      endswith: "ENDSWITH($1, $2)",
      includes: "POSITION($2 IN $1) > 0",
      trunc: "TRUNCATE($1)",
      cbrt: null,
      dayofweek: "EXTRACT(DOW FROM $1) - 1",
    },
  },
  spark: {
    name: "Spark SQL",
    quote: "`",
    text: "STRING",
    double: "DOUBLE",
    same: "<=>",
    time: "timestamp_millis(CAST($1 AS BIGINT))",
    backslash: true,
    matches: "$1 RLIKE $2",
    functions: {
      is_finite: null,
      startswith: "startswith($1, $2)",
      endswith: "endswith($1, $2)",
      trunc: null,
      dayofweek: "dayofweek($1) - 1",
      milliseconds: null,
    },
  },
} as const satisfies Readonly<Record<string, SqlDialect>>;

export type SqlDialectName = keyof typeof SQL_DIALECTS;

export interface SqlOptions {
  readonly schemas: readonly Schema[];
  /** How a column is written (default: its quoted name, qualified by `l` and `r` when there are two schemas). */
  readonly column?: (name: string, side: Side) => string;
  /** How a parameter is written (default: its value as a literal). */
  readonly parameter?: (name: string, value: Value) => string;
}

const OR = 1;
const AND = 2;
const NOT = 3;
const COMPARISON = 4;
const ADDITIVE = 6;
const MULTIPLICATIVE = 7;
const UNARY = 8;

/** Prints a value: a SELECT's column, an argument. */
export function printSql(expression: RowExpression, dialect: SqlDialect, options: SqlOptions): Printed {
  const printer = new SqlPrinter(expression, dialect, options);
  return printer.findings.printed(printer.value(expression.expr).text);
}

/** Prints a condition for WHERE, HAVING or ON, where unknown counts as false. */
export function printSqlCondition(expression: RowExpression, dialect: SqlDialect, options: SqlOptions): Printed {
  const printer = new SqlPrinter(expression, dialect, options);
  return printer.findings.printed(printer.condition(expression.expr, true).text);
}

/** Writes an identifier in quotes. */
export function sqlIdentifier(name: string, dialect: SqlDialect): string {
  return `${dialect.quote}${name.replaceAll(dialect.quote, dialect.quote + dialect.quote)}${dialect.quote}`;
}

/** Writes a scalar as a literal. */
export function sqlLiteral(value: number | string | boolean | null, dialect: SqlDialect): string {
  if (value === null) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "string") {
    const escaped = dialect.backslash ? value.replaceAll("\\", "\\\\") : value;
    return `'${escaped.replaceAll("'", dialect.backslash ? "\\'" : "''")}'`;
  }
  if (!Number.isFinite(value))
    return `CAST('${Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"}' AS ${dialect.double})`;
  // An exponent makes the literal a double, which keeps `1 / 2` from being a division of integers.
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : value.toExponential().replace("e+", "e");
}

class SqlPrinter {
  readonly findings = new Findings();
  readonly #expression: RowExpression;
  readonly #dialect: SqlDialect;
  readonly #options: SqlOptions;

  constructor(expression: RowExpression, dialect: SqlDialect, options: SqlOptions) {
    this.#expression = expression;
    this.#dialect = dialect;
    this.#options = options;
  }

  #type(expr: Expr): InferredType {
    return inferType(expr, this.#options.schemas, this.#expression.parameters);
  }

  /** Prints what is true where the part counts as true. `unknown` says that NULL is as good as FALSE here. */
  condition(expr: Expr, unknown: boolean): Fragment {
    if (expr.kind === "unary" && expr.operator === "!")
      return { text: `NOT ${within(this.condition(expr.argument, false), NOT + 1)}`, binds: NOT };
    if (expr.kind === "logical" && expr.operator !== "??") {
      const [word, binds] = expr.operator === "&&" ? ["AND", AND] : ["OR", OR];
      const sides = [expr.left, expr.right].map(side => within(this.condition(side, unknown), binds));
      return { text: sides.join(` ${word} `), binds };
    }
    if (expr.kind === "binary" && /^[<>=!]/.test(expr.operator) && !/^(<<|>>)/.test(expr.operator))
      return this.#comparison(expr, unknown);
    const { type, nullable } = this.#type(expr);
    const printed = this.value(expr);
    switch (type) {
      case "boolean":
        return nullable && !unknown ? atom(`COALESCE(${printed.text}, FALSE)`) : printed;
      case "number":
      case "timestamp":
        this.findings.note(
          "A number counts as true unless it is 0; NaN, which the notebook counts as false, is true here.",
        );
        return this.#known(
          { text: `${within(printed, COMPARISON + 1)} <> 0`, binds: COMPARISON },
          nullable && !unknown,
        );
      case "string":
        return this.#known(
          { text: `${within(printed, COMPARISON + 1)} <> ''`, binds: COMPARISON },
          nullable && !unknown,
        );
      case "null":
        return atom("FALSE");
      case "json":
        return this.findings.cannot(
          this.#source(expr),
          "whether a json value counts as true cannot be said in SQL; compare it with something",
        );
    }
  }

  #known(condition: Fragment, wrap: boolean): Fragment {
    return wrap ? atom(`COALESCE(${condition.text}, FALSE)`) : condition;
  }

  #source(expr: Expr): string {
    switch (expr.kind) {
      case "opaque":
        return expr.source;
      case "call":
        return `op.${expr.name}`;
      case "conditional":
        return "?:";
      case "member":
        return "json field";
      case "column":
      case "parameter":
        return expr.name;
      default:
        return "operator" in expr ? expr.operator : expr.kind;
    }
  }

  value(expr: Expr): Fragment {
    switch (expr.kind) {
      case "literal":
        return literalFragment(sqlLiteral(expr.value, this.#dialect));
      case "column":
        return atom(this.#column(expr.name, expr.side));
      case "parameter":
        return this.#parameter(expr.name);
      case "unary":
        return this.#unary(expr.operator, expr.argument);
      case "binary":
        return this.#binary(expr);
      case "logical":
        return this.#logical(expr);
      case "conditional": {
        const { test, consequent, alternate } = expr;
        const type = this.#type(expr);
        if (type.type === "json" && this.#type(consequent).type !== "json")
          return this.findings.cannot("?:", "its two results have different types, which a column cannot hold");
        return atom(
          `CASE WHEN ${this.condition(test, true).text} THEN ${this.value(consequent).text} ELSE ${this.value(alternate).text} END`,
        );
      }
      case "call":
        return this.#call(expr);
      case "aggregate":
        return this.findings.cannot(`op.${expr.name}`, "an aggregate stands where a row's value is wanted");
      case "member":
        return this.findings.cannot(
          "json field",
          `reaching into json is not printed for ${this.#dialect.name} yet; derive the field as a column first`,
        );
      case "opaque":
        return this.findings.cannot(expr.source, `it is not in the expression language: ${expr.reason}`);
    }
  }

  #column(name: string, side: Side): string {
    if (this.#options.column !== undefined) return this.#options.column(name, side);
    const quoted = sqlIdentifier(name, this.#dialect);
    return this.#options.schemas.length > 1 ? `${side === 0 ? "l" : "r"}.${quoted}` : quoted;
  }

  #parameter(name: string): Fragment {
    const value = parameterValue(this.#expression.parameters, name);
    if (this.#options.parameter !== undefined) return atom(this.#options.parameter(name, value));
    if (typeof value === "object" && value !== null)
      return this.findings.cannot(name, "its value is not a number, text or boolean");
    return literalFragment(sqlLiteral(value, this.#dialect));
  }

  #unary(operator: string, argument: Expr): Fragment {
    switch (operator) {
      case "!":
        return this.condition({ kind: "unary", operator: "!", argument }, false);
      case "-":
        return { text: `-${within(this.#number(argument), UNARY + 1)}`, binds: UNARY };
      case "+":
        return this.#number(argument);
      default:
        return this.findings.cannot(operator, "SQL has no such operator");
    }
  }

  /** Prints a part as a number. */
  #number(expr: Expr): Fragment {
    const { type } = this.#type(expr);
    const printed = this.value(expr);
    if (type === "boolean")
      return atom(`CASE WHEN ${printed.text} THEN 1 WHEN NOT ${within(printed, NOT + 1)} THEN 0 END`);
    if (type === "string") {
      this.findings.note("Text that is not a number is an error here, and NaN in the notebook.");
      return atom(`CAST(${printed.text} AS ${this.#dialect.double})`);
    }
    if (type === "json")
      return this.findings.cannot(
        this.#source(expr),
        "a json value is not known to be a number; derive it with op.number first",
      );
    return printed;
  }

  /** Prints a part as text. */
  #text(expr: Expr): Fragment {
    const { type } = this.#type(expr);
    const printed = this.value(expr);
    if (type === "string" || type === "null") return printed;
    if (type === "json")
      return this.findings.cannot(
        this.#source(expr),
        "a json value is not known to be text; derive it with op.string first",
      );
    if (type === "number" || type === "timestamp")
      this.findings.note("Whole numbers may be written with a decimal point (2.0) where the notebook writes 2.");
    return atom(`CAST(${printed.text} AS ${this.#dialect.text})`);
  }

  #comparison(expr: BinaryExpr, unknown: boolean): Fragment {
    const [left, right] = [this.#type(expr.left), this.#type(expr.right)];
    const equality = /[=!]==?$/.test(expr.operator);
    const negated = expr.operator.startsWith("!");
    if (equality && (left.type === "null" || right.type === "null")) {
      const tested = left.type === "null" ? expr.right : expr.left;
      if (!this.#type(tested).nullable) return atom(negated ? "TRUE" : "FALSE");
      return {
        text: `${within(this.value(tested), COMPARISON + 1)} IS ${negated ? "NOT " : ""}NULL`,
        binds: COMPARISON,
      };
    }
    if (left.type === "null" || right.type === "null") return atom("FALSE");
    if (left.type === "json" || right.type === "json")
      return this.findings.cannot(
        expr.operator,
        "comparing json values is not printed in SQL; derive them as typed columns first",
      );
    const same = kind(left) === kind(right);
    if (!same && equality && expr.operator.length === 3) {
      // Values of different types are never identical, unless both are null.
      const [a, b] = [expr.left, expr.right].map(e => within(this.value(e), COMPARISON + 1));
      const text = left.nullable && right.nullable ? `(${a} IS NULL AND ${b} IS NULL)` : "FALSE";
      return negated ? { text: `NOT ${text}`, binds: NOT } : atom(text);
    }
    const [a, b] = [expr.left, expr.right].map(e =>
      within(same && kind(left) === "string" ? this.value(e) : this.#number(e), COMPARISON + 1),
    );
    if (equality && ((left.nullable && right.nullable) || (negated && (left.nullable || right.nullable)))) {
      const text = `${a} ${this.#dialect.same} ${b}`;
      return negated ? { text: `NOT (${text})`, binds: NOT } : { text, binds: COMPARISON };
    }
    if (kind(left) === "string" && !equality)
      this.findings.note("Text is ordered by the database's collation; the notebook orders by code unit.");
    if (kind(left) === "number")
      this.findings.note(
        "NaN may compare as equal to itself and greater than all numbers; in the notebook it compares with nothing.",
      );
    const operator = equality ? (negated ? "<>" : "=") : expr.operator;
    return this.#known(
      { text: `${a} ${operator} ${b}`, binds: COMPARISON },
      (left.nullable || right.nullable) && !unknown,
    );
  }

  #binary(expr: BinaryExpr): Fragment {
    const { operator, left, right } = expr;
    switch (operator) {
      case "+": {
        const types = [this.#type(left).type, this.#type(right).type];
        if (types.includes("null")) return atom("NULL");
        if (types.includes("string"))
          return {
            text: `${within(this.#text(left), ADDITIVE)} || ${within(this.#text(right), ADDITIVE + 1)}`,
            binds: ADDITIVE - 1,
          };
        return this.#infix("+", ADDITIVE, left, right);
      }
      case "-":
        return this.#infix("-", ADDITIVE, left, right);
      case "*":
        return this.#infix("*", MULTIPLICATIVE, left, right);
      case "/": {
        if (!isNonZero(right))
          this.findings.note("Dividing by zero is NULL or an error here, and an infinity or NaN in the notebook.");
        // Integers divide to integers in most databases, and a count or a literal is one.
        return {
          text: `CAST(${this.#number(left).text} AS ${this.#dialect.double}) / ${within(this.#number(right), MULTIPLICATIVE + 1)}`,
          binds: MULTIPLICATIVE,
        };
      }
      case "%":
        if (!isNonZero(right))
          this.findings.note("Dividing by zero is NULL or an error here, and an infinity or NaN in the notebook.");
        return atom(`MOD(${this.#number(left).text}, ${this.#number(right).text})`);
      case "**":
        return atom(`POWER(${this.#number(left).text}, ${this.#number(right).text})`);
      case "&":
      case "|":
      case "^":
      case "<<":
      case ">>":
      case ">>>":
        return this.findings.cannot(operator, "JavaScript's 32-bit operators have no equal in SQL");
      default:
        return this.#comparison(expr, false);
    }
  }

  #infix(symbol: string, binds: number, left: Expr, right: Expr): Fragment {
    return { text: `${within(this.#number(left), binds)} ${symbol} ${within(this.#number(right), binds + 1)}`, binds };
  }

  #logical(expr: LogicalExpr): Fragment {
    const [left, right] = [this.#type(expr.left), this.#type(expr.right)];
    if (
      expr.operator !== "??" &&
      left.type === "boolean" &&
      right.type === "boolean" &&
      !left.nullable &&
      !right.nullable
    )
      return this.condition(expr, false);
    if (kind(left) !== kind(right) && left.type !== "null" && right.type !== "null")
      return this.findings.cannot(expr.operator, "its two sides have different types, which a column cannot hold");
    const [a, b] = [this.value(expr.left).text, this.value(expr.right).text];
    if (expr.operator === "??") return atom(`COALESCE(${a}, ${b})`);
    const test = this.condition(expr.left, true).text;
    return atom(
      expr.operator === "&&"
        ? `CASE WHEN ${test} THEN ${b} ELSE ${a} END`
        : `CASE WHEN ${test} THEN ${a} ELSE ${b} END`,
    );
  }

  #call(expr: CallExpr): Fragment {
    const fn = functionNamed(expr.name);
    if (expr.name === "boolean") return this.condition(expr.arguments[0], false);
    if (expr.name === "string") return this.#text(expr.arguments[0]);
    if (expr.name === "number") return this.#number(expr.arguments[0]);
    const inputs = expr.arguments.map(a => this.#type(a).type);
    if (["length", "includes", "indexof"].includes(expr.name) && inputs[0] !== "string")
      return this.findings.cannot(`op.${expr.name}`, "it is printed for text only");
    if (expr.name === "coalesce" && new Set(inputs.filter(t => t !== "null")).size > 1)
      return this.findings.cannot("op.coalesce", "its arguments have different types");
    if (expr.name === "matches") return this.#matches(expr);
    const own: Readonly<Record<string, Template | null>> = this.#dialect.functions;
    const template = Object.hasOwn(own, expr.name) ? own[expr.name] : fn.sql;
    const text = typeof template === "function" ? template(expr.arguments.length) : template;
    if (text === undefined || text === null)
      return this.findings.cannot(`op.${expr.name}`, `${this.#dialect.name} has no equal that is known`);
    const args = expr.arguments.map((a, i) => this.#argument(parameterAt(fn, i), a));
    const filled = fillTemplate(text, args);
    const binds = expr.name === "concat" ? ADDITIVE - 1 : 0;
    const printed: Fragment = isAtomic(filled) ? atom(filled) : { text: filled, binds };
    const someNull = expr.arguments.some(a => this.#type(a).nullable);
    if ((expr.name === "least" || expr.name === "greatest") && someNull) {
      // Most databases pass over nulls here.
      const tests = args
        .filter((_, i) => this.#type(expr.arguments[i]).nullable)
        .map(a => `${within(a, COMPARISON + 1)} IS NULL`);
      return atom(`CASE WHEN ${tests.join(" OR ")} THEN NULL ELSE ${printed.text} END`);
    }
    return fn.nulls === "false" && someNull ? atom(`COALESCE(${printed.text}, FALSE)`) : printed;
  }

  #argument(type: ParameterType, expr: Expr): Fragment {
    const inferred = this.#type(expr).type;
    switch (type) {
      case "number":
        return this.#number(expr);
      case "string":
        return this.#text(expr);
      case "time":
        if (inferred === "number" || inferred === "timestamp")
          return atom(fillTemplate(this.#dialect.time, [this.value(expr)]));
        return this.findings.cannot(
          this.#source(expr),
          "a time must be a timestamp here; derive it with op.timestamp first",
        );
      default:
        return this.value(expr);
    }
  }

  #matches(expr: CallExpr): Fragment {
    const [text, pattern, flags] = expr.arguments;
    const template = this.#dialect.matches;
    if (template === null || pattern.kind !== "literal" || flags.kind !== "literal")
      return this.findings.cannot(
        "regular expression",
        `${this.#dialect.name} needs a pattern that is known beforehand`,
      );
    const insensitive = flags.value === "i" ? "(?i)" : "";
    if (insensitive === "" && flags.value !== "" && flags.value !== "u")
      return this.findings.cannot("regular expression", `the flags "${flags.value}" have no equal`);
    this.findings.note(
      "Regular expressions follow the database's own rules, which differ from JavaScript's in rarer constructs.",
    );
    const literal = atom(sqlLiteral(`${insensitive}${pattern.value}`, this.#dialect));
    const filled = fillTemplate(template, [this.#text(text), literal]);
    return this.#known({ text: filled, binds: isAtomic(filled) ? ATOM : 0 }, this.#type(text).nullable);
  }
}

function literalFragment(text: string): Fragment {
  return text.startsWith("-") ? { text, binds: UNARY } : atom(text);
}

function kind(type: InferredType): string {
  return type.type === "timestamp" ? "number" : type.type;
}

function isNonZero(expr: Expr): boolean {
  return expr.kind === "literal" && typeof expr.value === "number" && expr.value !== 0;
}
