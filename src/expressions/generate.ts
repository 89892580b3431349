/**
 * Writes the JavaScript of a kernel: one loop over rows, with every type known and every array at hand. It only writes
 * text; `compile.ts` turns the text into a function and feeds it.
 *
 * A part of an expression becomes an `Operand`: code for its value, and code that tells whether it is null. Numbers and
 * booleans keep the two apart, so that a loop over doubles stays a loop over doubles; text and json carry null as a
 * value. Statements go to the current block, so that what a condition guards is computed only where it holds, exactly
 * as the interpreter does it.
 */
import type { Schema } from "../columns/column.ts";
import { functionNamed, mayGiveNull, parameterAt } from "./functions.ts";
import { aggregateOutOfPlace } from "./interpret.ts";
import { type Generated, KernelText, NO_VALUE, type Settings, UNKNOWN } from "./kernel-text.ts";
import { as, boxed, either, fill, literalCode, type Operand } from "./operand.ts";
import { argument, arithmetic, choose, equality, numberOf, order, truthOf } from "./operations.ts";
import {
  type BinaryExpr,
  type CallExpr,
  type ColumnExpr,
  contains,
  type Expr,
  type LogicalExpr,
  visit,
} from "./tree.ts";
import { inferType, parameterValue, typeOfValue } from "./types.ts";

const EQUALITIES: ReadonlySet<string> = new Set(["===", "!==", "==", "!="]);
const COMPARISONS: ReadonlySet<string> = new Set([...EQUALITIES, "<", "<=", ">", ">="]);

/** Writes the kernel that fills a column: `(columns, parameters, tables, dictionary, rows0, rows1, from, to, out, valid)`. */
export function generateColumn(expr: Expr, settings: Settings): Generated {
  const writer = new Writer(settings);
  const { kernel } = writer;
  const operand = writer.value(expr);
  const type = operand.type === "null" ? "json" : operand.type;
  const at = "out[i]";
  let nulls = "";
  switch (type) {
    case "number":
    case "timestamp":
    case "boolean": {
      const value = type === "boolean" ? `${operand.code} ? 1 : 0` : operand.code;
      const none = type === "boolean" ? "0" : "NaN";
      if (operand.isNull === undefined) kernel.emit(`${at} = ${value};`);
      else {
        kernel.emit(`if (${operand.isNull}) { valid[i] = 0; ${at} = ${none}; nulls++; } else ${at} = ${value};`);
        nulls = "let nulls = 0;";
      }
      break;
    }
    case "string":
      if (operand.coded !== undefined) {
        kernel.emit(`${at} = ${operand.coded.code};`);
        kernel.emitFirst(`dictionary = ${operand.coded.dictionary};`);
      } else
        kernel.emit(
          `${at} = ${operand.isNull === undefined ? "" : `${operand.isNull} ? -1 : `}dictionary.code(${operand.code});`,
        );
      break;
    case "json":
      kernel.emit(`${at} = ${operand.type === "null" ? "null" : operand.code};`);
  }
  return kernel.finish(type, "columns, parameters, tables, dictionary, rows0, rows1, from, to, out, valid", nulls, [
    nulls === "" ? "return { nulls: 0, dictionary };" : "return { nulls, dictionary };",
  ]);
}

/** Writes the kernel that selects rows: `(columns, parameters, tables, rows0, rows1, from, to, out) → count`. */
export function generatePredicate(expr: Expr, settings: Settings): Generated {
  const writer = new Writer(settings);
  const { kernel } = writer;
  const truth = writer.truth(expr);
  // Always writing and sometimes advancing beats a branch that cannot be predicted; `? 1 : 0` would be one again.
  kernel.emit("out[n] = i;", `n += !!(${truth}) | 0;`);
  return kernel.finish("boolean", "columns, parameters, tables, rows0, rows1, from, to, out", "let n = 0;", [
    "return n;",
  ]);
}

/** Tells whether a part depends on one text column only, so that it has one value per distinct text. */
function singleTextColumn(expr: Expr, schemas: readonly Schema[]): ColumnExpr | undefined {
  if (expr.kind === "column" || expr.kind === "literal" || expr.kind === "parameter") return undefined;
  const columns: ColumnExpr[] = [];
  visit(expr, e => {
    if (e.kind === "column" && !columns.some(c => c.name === e.name && c.side === e.side)) columns.push(e);
  });
  if (columns.length !== 1 || contains(expr, "opaque") || contains(expr, "aggregate")) return undefined;
  const field = schemas[columns[0].side]?.find(f => f.name === columns[0].name);
  return field?.type === "string" ? columns[0] : undefined;
}

class Writer {
  readonly kernel: KernelText;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.kernel = new KernelText(settings);
    this.#settings = settings;
  }

  /** Writes code that is true where the part counts as true. */
  truth(expr: Expr): string {
    if (expr.kind === "unary" && expr.operator === "!") return `!(${this.truth(expr.argument)})`;
    if (
      expr.kind === "logical" &&
      expr.operator !== "??" &&
      singleTextColumn(expr, this.#settings.schemas) === undefined
    ) {
      const left = this.truth(expr.left);
      const right = this.kernel.block(() => this.truth(expr.right));
      if (right.lines.length === 0) {
        // Comparing twice costs less than a branch that cannot be predicted.
        if (this.#isComparison(expr.left) && this.#isComparison(expr.right))
          return `!!(${left} ${expr.operator[0]} ${right.made})`;
        return `(${left} ${expr.operator} ${right.made})`;
      }
      const name = this.kernel.name();
      const guard = expr.operator === "&&" ? name : `!${name}`;
      this.kernel.emit(`let ${name} = ${left};`, `if (${guard}) {`, ...right.lines, `${name} = ${right.made};`, "}");
      return name;
    }
    return truthOf(this.kernel, this.value(expr));
  }

  /** Whether a part only compares numbers, or texts by their codes, so that its truth costs next to nothing. */
  #isComparison(expr: Expr): boolean {
    if (expr.kind === "unary") return expr.operator === "!" && this.#isComparison(expr.argument);
    if (expr.kind === "logical")
      return expr.operator !== "??" && this.#isComparison(expr.left) && this.#isComparison(expr.right);
    if (expr.kind !== "binary") return false;
    const types = [expr.left, expr.right].map(part => this.#plainType(part));
    if (types.every(type => type === "number")) return COMPARISONS.has(expr.operator);
    const kinds = [expr.left.kind, expr.right.kind];
    return (
      types.every(type => type === "string") &&
      EQUALITIES.has(expr.operator) &&
      kinds.includes("column") &&
      (kinds.includes("literal") || kinds.includes("parameter"))
    );
  }

  /** The kind of a value that is there already, or a number that takes a little arithmetic; undefined for all else. */
  #plainType(expr: Expr): "number" | "string" | undefined {
    if (expr.kind === "binary") {
      const numbers = this.#plainType(expr.left) === "number" && this.#plainType(expr.right) === "number";
      return numbers && ["+", "-", "*", "/"].includes(expr.operator) ? "number" : undefined;
    }
    if (expr.kind !== "literal" && expr.kind !== "parameter" && expr.kind !== "column") return undefined;
    const { type } = inferType(expr, this.#settings.schemas, this.#settings.parameters);
    return type === "number" || type === "timestamp" ? "number" : type === "string" ? "string" : undefined;
  }

  /** Writes a part's value. */
  value(expr: Expr): Operand {
    if (expr.kind === "literal" || expr.kind === "parameter") return this.#constant(expr);
    return this.kernel.once(JSON.stringify(expr), () => this.#write(expr));
  }

  #write(expr: Expr): Operand {
    const byCode = expr.kind === "binary" ? this.#equalCodes(expr) : undefined;
    if (byCode !== undefined) return byCode;
    const text = singleTextColumn(expr, this.#settings.schemas);
    if (text !== undefined) return this.#lookUp(expr, text);
    switch (expr.kind) {
      case "literal":
      case "parameter":
        return this.#constant(expr);
      case "column":
        return this.#column(expr);
      case "unary":
        return this.#unary(expr.operator, expr.argument);
      case "binary":
        return this.#binary(expr);
      case "logical":
        return this.#logical(expr);
      case "conditional": {
        const test = this.truth(expr.test);
        const consequent = this.kernel.block(() => this.value(expr.consequent));
        const alternate = this.kernel.block(() => this.value(expr.alternate));
        return choose(this.kernel, test, consequent, alternate);
      }
      case "call":
        return this.#call(expr);
      case "member": {
        const object = this.value(expr.object);
        const made = this.kernel.let(`rt.member(${boxed(object)}, ${boxed(this.value(expr.property))})`);
        return { type: object.type === "string" ? "string" : "json", code: made, isNull: `(${made} === null)` };
      }
      case "aggregate":
        throw new Error(aggregateOutOfPlace(expr.name));
      case "opaque":
        throw new Error("An opaque function is run by the interpreter, not compiled.");
    }
  }

  #constant(expr: Expr & { kind: "literal" | "parameter" }): Operand {
    if (expr.kind === "literal") {
      if (expr.value === null) return { type: "null", code: "null", isNull: "true" };
      return { type: typeof expr.value as "number", code: literalCode(expr.value), isNull: undefined };
    }
    const { type } = typeOfValue(parameterValue(this.#settings.parameters, expr.name));
    if (type === "null") return { type, code: "null", isNull: "true" };
    return { type, code: this.kernel.parameter(expr.name), isNull: undefined };
  }

  #column(expr: ColumnExpr): Operand {
    const slot = this.kernel.column(expr);
    const { type, side, index } = this.kernel.columns[slot];
    const row = this.kernel.row(side);
    const { nullable } = this.#settings.schemas[side][index];
    switch (type) {
      case "number":
      case "timestamp":
        return {
          type,
          code: `v${slot}[${row}]`,
          isNull: this.#settings.nulls ? `(n${slot}[${row}] === 0)` : undefined,
        };
      case "boolean":
        return {
          type,
          code: `(v${slot}[${row}] === 1)`,
          isNull: this.#settings.nulls ? `(n${slot}[${row}] === 0)` : undefined,
        };
      case "string": {
        const code = `c${slot}[${row}]`;
        const value = nullable
          ? this.kernel.let(`${code} < 0 ? null : y${slot}.value(${code})`)
          : `y${slot}.value(${code})`;
        return {
          type,
          code: value,
          isNull: nullable ? `(${value} === null)` : undefined,
          coded: { code, dictionary: `y${slot}` },
        };
      }
      case "json": {
        const value = this.kernel.let(`v${slot}[${row}] ?? null`);
        return { type, code: value, isNull: nullable ? `(${value} === null)` : undefined };
      }
    }
  }

  /** Compares a text column with a constant by code: the constant's code is found once per batch. */
  #equalCodes(expr: BinaryExpr): Operand | undefined {
    if (!["===", "!==", "==", "!="].includes(expr.operator)) return undefined;
    const [column, other] = expr.left.kind === "column" ? [expr.left, expr.right] : [expr.right, expr.left];
    if (column.kind !== "column" || (other.kind !== "literal" && other.kind !== "parameter")) return undefined;
    const field = this.#settings.schemas[column.side]?.find(f => f.name === column.name);
    if (field?.type !== "string") return undefined;
    const constant = this.#constant(other);
    const equal = expr.operator.startsWith("=");
    const slot = this.kernel.column(column);
    const code = `c${slot}[${this.kernel.row(column.side)}]`;
    if (constant.type === "null")
      return { type: "boolean", code: `(${code} ${equal ? "<" : ">="} 0)`, isNull: undefined };
    if (constant.type !== "string") return undefined;
    const wanted = this.kernel.name("k");
    // A text that no row ever had must not be taken for null, whose code is -1.
    this.kernel.emitFirst(`let ${wanted} = y${slot}.find(${constant.code}); if (${wanted} < 0) ${wanted} = -2;`);
    return { type: "boolean", code: `(${code} ${equal ? "===" : "!=="} ${wanted})`, isNull: undefined };
  }

  /** Reads a part's value from a table with one entry per distinct text, filled when first asked for; entry 0 is null's. */
  #lookUp(expr: Expr, column: ColumnExpr): Operand {
    const slot = this.kernel.column(column);
    const { schemas, parameters } = this.#settings;
    const inferred = inferType(expr, schemas, parameters);
    const { type } = inferred;
    if (type === "null") return { type, code: "null", isNull: "true" };
    const table = this.kernel.table({ expr, column: slot, type, nullable: inferred.nullable });
    const place = `c${slot}[${this.kernel.row(column.side)}] + 1`;
    const entry = this.#settings.fill ? this.kernel.let(place) : place;
    if (this.#settings.fill) this.kernel.emit(`if (z${table}[${entry}] === ${UNKNOWN}) q${table}.fill(${entry});`);
    const tested = inferred.nullable && type !== "string" && type !== "json";
    const isNull = tested ? `(z${table}[${entry}] === ${NO_VALUE})` : undefined;
    if (type === "boolean") return { type, code: `(x${table}[${entry}] === 1)`, isNull };
    if (type === "number" || type === "timestamp") return { type, code: `x${table}[${entry}]`, isNull };
    if (type === "json") {
      const made = this.kernel.let(`x${table}[${entry}]`);
      return { type, code: made, isNull: inferred.nullable ? `(${made} === null)` : undefined };
    }
    this.kernel.emitFirst(`const w${table} = tables[${table}].dictionary;`);
    const code = `x${table}[${entry}]`;
    const made = this.kernel.let(
      inferred.nullable ? `${code} < 0 ? null : w${table}.value(${code})` : `w${table}.value(${code})`,
    );
    return {
      type,
      code: made,
      isNull: inferred.nullable ? `(${made} === null)` : undefined,
      coded: { code, dictionary: `w${table}` },
    };
  }

  #unary(operator: string, argument: Expr): Operand {
    if (operator === "!") return { type: "boolean", code: `!(${this.truth(argument)})`, isNull: undefined };
    const operand = this.value(argument);
    if (operator === "typeof") {
      const known = {
        number: "number",
        timestamp: "number",
        boolean: "boolean",
        string: "string",
        null: "object",
        json: "",
      }[operand.type];
      const code =
        known === ""
          ? `typeof ${operand.code}`
          : operand.isNull === undefined
            ? `"${known}"`
            : `(${operand.isNull} ? "object" : "${known}")`;
      return { type: "string", code: this.kernel.let(code), isNull: undefined };
    }
    const number = numberOf(this.kernel, operand);
    if (number.type === "null" || operator === "+")
      return { ...number, type: number.type === "null" ? "number" : number.type };
    return { type: "number", code: `(${operator}${number.code})`, isNull: number.isNull };
  }

  #binary(expr: BinaryExpr): Operand {
    const left = this.value(expr.left);
    const right = this.value(expr.right);
    switch (expr.operator) {
      case "===":
      case "==":
        return equality(this.kernel, expr.operator, left, right);
      case "!==":
      case "!=": {
        const same = equality(this.kernel, expr.operator === "!==" ? "===" : "==", left, right);
        return { ...same, code: `!${same.code}` };
      }
      case "<":
      case "<=":
      case ">":
      case ">=":
        return order(this.kernel, expr.operator, left, right);
      default:
        return arithmetic(this.kernel, expr.operator, left, right);
    }
  }

  #logical(expr: LogicalExpr): Operand {
    const left = this.kernel.named(this.value(expr.left));
    const right = this.kernel.block(() => this.value(expr.right));
    const kept = { lines: [], made: left };
    if (expr.operator === "??") {
      if (left.isNull !== undefined)
        return choose(this.kernel, left.isNull, right, { lines: [], made: { ...left, isNull: undefined } });
      // The type must not depend on whether this batch has nulls, so it is the one inferred from the schema.
      return as(inferType(expr, this.#settings.schemas, this.#settings.parameters).type, left);
    }
    const truth = truthOf(this.kernel, left);
    if (expr.operator === "&&") return choose(this.kernel, truth, right, kept);
    // What is true is not null, so the left side's null never comes out of `||`.
    return choose(this.kernel, truth, { lines: [], made: { ...left, isNull: undefined } }, right);
  }

  #call(expr: CallExpr): Operand {
    if (expr.name === "coalesce")
      return this.value(
        expr.arguments.reduceRight((right, left) => ({ kind: "logical", operator: "??", left, right })),
      );
    const fn = functionNamed(expr.name);
    const operands = expr.arguments.map(a => this.value(a));
    const mayBeNull = mayGiveNull(fn, operands[0]?.type === "string");
    const args = operands.map((operand, i) => argument(this.kernel, parameterAt(fn, i), operand));
    const { type: inferred } = inferType(expr, this.#settings.schemas, this.#settings.parameters);
    const type = inferred === "null" ? "json" : inferred;
    const apply =
      fn.code === undefined
        ? undefined
        : fill(
            fn.code,
            args.map(a => a.code),
          );
    if (fn.nulls === "seen") {
      const made = this.kernel.let(apply ?? this.kernel.apply(fn.name, args.map(boxed)));
      return { type, code: made, isNull: mayBeNull || type === "json" ? `(${made} === null)` : undefined };
    }
    const nulls = args.map(a => a.isNull).reduce(either, undefined);
    const invoke =
      apply ??
      this.kernel.apply(
        fn.name,
        args.map(a => a.code),
      );
    if (fn.nulls === "false")
      return {
        type,
        code: this.kernel.let(nulls === undefined ? invoke : `!${nulls} && ${invoke}`),
        isNull: undefined,
      };
    // Arithmetic on the unspecified value of a null is harmless; anything else is called for values only.
    const harmless = apply !== undefined && args.every(a => a.type === "number");
    if (nulls === undefined || (harmless && !mayBeNull)) {
      const made = this.kernel.let(invoke);
      return { type, code: made, isNull: mayBeNull ? `(${made} === null)` : nulls };
    }
    if (type === "string" || type === "json" || mayBeNull) {
      const made = this.kernel.let(`${nulls} ? null : ${invoke}`);
      return { type, code: made, isNull: `(${made} === null)` };
    }
    const flag = this.kernel.let(nulls);
    const name = this.kernel.name();
    this.kernel.emit(`let ${name} = ${type === "boolean" ? "false" : "0"};`, `if (!${flag}) ${name} = ${invoke};`);
    return { type, code: name, isNull: flag };
  }
}
