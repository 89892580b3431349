/**
 * Writes the JavaScript of a kernel: one loop over rows, with every type known and every array at hand. It only writes
 * text; `compile.ts` turns the text into a function and feeds it.
 *
 * A part of an expression becomes an `Operand`: code for its value, and code that tells whether it is null. Numbers and
 * booleans keep the two apart, so that a loop over doubles stays a loop over doubles; text and json carry null as a
 * value. Statements go to the current block, so that what a condition guards is computed only where it holds, exactly
 * as the interpreter does it.
 */
import { columnIndex } from "../columns/batch.ts";
import type { ColumnType, Schema, Value } from "../columns/column.ts";
import { functionNamed, mayGiveNull, type ParameterType, parameterAt } from "./functions.ts";
import { aggregateOutOfPlace } from "./interpret.ts";
import { as, boxed, either, fill, kindOf, literalCode, nullness, type Operand } from "./operand.ts";
import {
  type BinaryExpr,
  type CallExpr,
  type ColumnExpr,
  contains,
  type Expr,
  type LogicalExpr,
  type Side,
  visit,
} from "./tree.ts";
import { commonType, inferType, parameterValue, typeOfValue, unknownColumn } from "./types.ts";

/** What is known of a table's entry. */
export const NO_VALUE = 0;
export const HAS_VALUE = 1;
export const UNKNOWN = 2;

const EQUALITIES: ReadonlySet<string> = new Set(["===", "!==", "==", "!="]);
const COMPARISONS: ReadonlySet<string> = new Set([...EQUALITIES, "<", "<=", ">", ">="]);

/** A column the kernel reads: `columns[slot]`. */
export interface ColumnSlot {
  readonly side: Side;
  /** Index in the side's schema. */
  readonly index: number;
  readonly type: ColumnType;
}

/** A part computed once per distinct text of one column: `tables[slot]`. */
export interface TableSlot {
  readonly expr: Expr;
  readonly column: number;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** What `compile.ts` needs to run the text. */
export interface Generated {
  readonly text: string;
  readonly columns: readonly ColumnSlot[];
  readonly parameters: readonly string[];
  readonly tables: readonly TableSlot[];
  readonly functions: readonly string[];
  /** Type of the result; the predicate's is boolean. */
  readonly type: ColumnType;
  /** Whether the kernel writes to a validity array. */
  readonly writesValidity: boolean;
}

/**
 * Which rows the loop goes over: those from `from` to `to`; those named by `rows0`, with results in their own places; or
 * pairs of rows (joins) named by `rows0` and `rows1`, with results in the pairs' places.
 */
export type RowsRead = "all" | "selected" | "pairs";

export interface Settings {
  readonly schemas: readonly Schema[];
  readonly parameters: Readonly<Record<string, Value>>;
  /** Whether number and boolean columns may hold nulls in the batch at hand, whatever their schema says. */
  readonly nulls: boolean;
  /** Whether tables may lack entries, which are then filled when a row asks for them. */
  readonly fill: boolean;
  readonly rows: RowsRead;
}

/** Writes the kernel that fills a column: `(columns, parameters, tables, dictionary, rows0, rows1, from, to, out, valid)`. */
export function generateColumn(expr: Expr, settings: Settings): Generated {
  const writer = new Writer(settings);
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
      if (operand.isNull === undefined) writer.emit(`${at} = ${value};`);
      else {
        writer.emit(`if (${operand.isNull}) { valid[i] = 0; ${at} = ${none}; nulls++; } else ${at} = ${value};`);
        nulls = "let nulls = 0;";
      }
      break;
    }
    case "string":
      if (operand.coded !== undefined) {
        writer.emit(`${at} = ${operand.coded.code};`);
        writer.emitFirst(`dictionary = ${operand.coded.dictionary};`);
      } else
        writer.emit(
          `${at} = ${operand.isNull === undefined ? "" : `${operand.isNull} ? -1 : `}dictionary.code(${operand.code});`,
        );
      break;
    case "json":
      writer.emit(`${at} = ${operand.type === "null" ? "null" : operand.code};`);
  }
  return writer.finish(type, "columns, parameters, tables, dictionary, rows0, rows1, from, to, out, valid", nulls, [
    nulls === "" ? "return { nulls: 0, dictionary };" : "return { nulls, dictionary };",
  ]);
}

/** Writes the kernel that selects rows: `(columns, parameters, tables, rows0, rows1, from, to, out) → count`. */
export function generatePredicate(expr: Expr, settings: Settings): Generated {
  const writer = new Writer(settings);
  const truth = writer.truth(expr);
  // Always writing and sometimes advancing beats a branch that cannot be predicted; `? 1 : 0` would be one again.
  writer.emit("out[n] = i;", `n += !!(${truth}) | 0;`);
  return writer.finish("boolean", "columns, parameters, tables, rows0, rows1, from, to, out", "let n = 0;", [
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
  readonly #settings: Settings;
  readonly #columns: ColumnSlot[] = [];
  readonly #parameters: string[] = [];
  readonly #tables: TableSlot[] = [];
  readonly #functions: string[] = [];
  /** Statements before the loop. */
  readonly #head: string[] = [];
  /** Statements of the block being written, and what has already been computed in it or around it. */
  #lines: string[] = [];
  #known = new Map<string, Operand>();
  #temporaries = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  emit(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  emitFirst(line: string): void {
    this.#head.push(line);
  }

  finish(type: ColumnType, signature: string, start: string, end: readonly string[]): Generated {
    const loops: Readonly<Record<RowsRead, string>> = {
      all: "for (let i = from; i < to; i++) {",
      selected: "for (let k = from; k < to; k++) {\nconst i = rows0[k];",
      pairs: "for (let i = from; i < to; i++) {\nconst r0 = rows0[i], r1 = rows1[i];",
    };
    const text = [
      `return function kernel(${signature}) {`,
      ...this.#head,
      start,
      loops[this.#settings.rows],
      ...this.#lines,
      "}",
      ...end,
      "};",
    ]
      .filter(line => line !== "")
      .join("\n");
    return {
      text,
      columns: this.#columns,
      parameters: this.#parameters,
      tables: this.#tables,
      functions: this.#functions,
      type,
      writesValidity: start.includes("nulls"),
    };
  }

  /** Names a computed value, so that it is computed once. */
  #let(code: string): string {
    const name = `t${this.#temporaries++}`;
    this.emit(`const ${name} = ${code};`);
    return name;
  }

  /** Writes a part into a block of its own. */
  #block<T>(write: () => T): { readonly lines: readonly string[]; readonly made: T } {
    const outer = this.#lines;
    const known = this.#known;
    this.#lines = [];
    this.#known = new Map(known);
    const made = write();
    const lines = this.#lines;
    this.#lines = outer;
    this.#known = known;
    return { lines, made };
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
      const right = this.#block(() => this.truth(expr.right));
      if (right.lines.length === 0) {
        // Comparing twice costs less than a branch that cannot be predicted.
        if (this.#isComparison(expr.left) && this.#isComparison(expr.right))
          return `!!(${left} ${expr.operator[0]} ${right.made})`;
        return `(${left} ${expr.operator} ${right.made})`;
      }
      const name = `t${this.#temporaries++}`;
      const guard = expr.operator === "&&" ? name : `!${name}`;
      this.emit(`let ${name} = ${left};`, `if (${guard}) {`, ...right.lines, `${name} = ${right.made};`, "}");
      return name;
    }
    return this.#truthOf(this.value(expr));
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

  #truthOf(operand: Operand): string {
    switch (operand.type) {
      case "null":
        return "false";
      case "boolean":
        return operand.isNull === undefined ? operand.code : `(!${operand.isNull} && ${operand.code})`;
      case "number":
      case "timestamp": {
        const value = this.#let(operand.code);
        const holds = `${value} !== 0 && ${value} === ${value}`;
        return operand.isNull === undefined ? `(${holds})` : `(!${operand.isNull} && ${holds})`;
      }
      case "string":
      case "json":
        return `!!${operand.code}`;
    }
  }

  /** Writes a part's value. */
  value(expr: Expr): Operand {
    if (expr.kind === "literal" || expr.kind === "parameter") return this.#constant(expr);
    const key = JSON.stringify(expr);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const operand = this.#write(expr);
    this.#known.set(key, operand);
    return operand;
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
        const consequent = this.#block(() => this.value(expr.consequent));
        const alternate = this.#block(() => this.value(expr.alternate));
        return this.#choose(test, consequent, alternate);
      }
      case "call":
        return this.#call(expr);
      case "member": {
        const object = this.value(expr.object);
        const made = this.#let(`rt.member(${boxed(object)}, ${boxed(this.value(expr.property))})`);
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
    let slot = this.#parameters.indexOf(expr.name);
    if (slot < 0) {
      slot = this.#parameters.push(expr.name) - 1;
      this.#head.push(`const p${slot} = parameters[${slot}];`);
    }
    return { type, code: `p${slot}`, isNull: undefined };
  }

  /** Names a column's arrays before the loop and returns its slot. */
  #slot(expr: ColumnExpr): number {
    const schema = this.#settings.schemas[expr.side] ?? [];
    const index = columnIndex(schema, expr.name);
    if (index < 0) throw new Error(unknownColumn(expr.name, schema));
    const found = this.#columns.findIndex(c => c.side === expr.side && c.index === index);
    if (found >= 0) return found;
    const { type } = schema[index];
    const slot = this.#columns.push({ side: expr.side, index, type }) - 1;
    if (type === "string")
      this.#head.push(`const c${slot} = columns[${slot}].codes, y${slot} = columns[${slot}].dictionary;`);
    else this.#head.push(`const v${slot} = columns[${slot}].values;`);
    if (this.#settings.nulls && type !== "string" && type !== "json")
      this.#head.push(`const n${slot} = columns[${slot}].valid;`);
    return slot;
  }

  #row(side: Side): string {
    return this.#settings.rows === "pairs" ? `r${side}` : "i";
  }

  #column(expr: ColumnExpr): Operand {
    const slot = this.#slot(expr);
    const { type, side, index } = this.#columns[slot];
    const row = this.#row(side);
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
        const value = nullable ? this.#let(`${code} < 0 ? null : y${slot}.value(${code})`) : `y${slot}.value(${code})`;
        return {
          type,
          code: value,
          isNull: nullable ? `(${value} === null)` : undefined,
          coded: { code, dictionary: `y${slot}` },
        };
      }
      case "json": {
        const value = this.#let(`v${slot}[${row}] ?? null`);
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
    const slot = this.#slot(column);
    const code = `c${slot}[${this.#row(column.side)}]`;
    if (constant.type === "null")
      return { type: "boolean", code: `(${code} ${equal ? "<" : ">="} 0)`, isNull: undefined };
    if (constant.type !== "string") return undefined;
    const wanted = `k${this.#temporaries++}`;
    // A text that no row ever had must not be taken for null, whose code is -1.
    this.#head.push(`let ${wanted} = y${slot}.find(${constant.code}); if (${wanted} < 0) ${wanted} = -2;`);
    return { type: "boolean", code: `(${code} ${equal ? "===" : "!=="} ${wanted})`, isNull: undefined };
  }

  /** Reads a part's value from a table with one entry per distinct text, filled when first asked for; entry 0 is null's. */
  #lookUp(expr: Expr, column: ColumnExpr): Operand {
    const slot = this.#slot(column);
    const { schemas, parameters } = this.#settings;
    const inferred = inferType(expr, schemas, parameters);
    const { type } = inferred;
    if (type === "null") return { type, code: "null", isNull: "true" };
    const table = this.#tables.push({ expr, column: slot, type, nullable: inferred.nullable }) - 1;
    this.#head.push(`const q${table} = tables[${table}], x${table} = q${table}.values, z${table} = q${table}.states;`);
    const place = `c${slot}[${this.#row(column.side)}] + 1`;
    const entry = this.#settings.fill ? this.#let(place) : place;
    if (this.#settings.fill) this.emit(`if (z${table}[${entry}] === ${UNKNOWN}) q${table}.fill(${entry});`);
    const tested = inferred.nullable && type !== "string" && type !== "json";
    const isNull = tested ? `(z${table}[${entry}] === ${NO_VALUE})` : undefined;
    if (type === "boolean") return { type, code: `(x${table}[${entry}] === 1)`, isNull };
    if (type === "number" || type === "timestamp") return { type, code: `x${table}[${entry}]`, isNull };
    if (type === "json") {
      const made = this.#let(`x${table}[${entry}]`);
      return { type, code: made, isNull: inferred.nullable ? `(${made} === null)` : undefined };
    }
    this.#head.push(`const w${table} = tables[${table}].dictionary;`);
    const code = `x${table}[${entry}]`;
    const made = this.#let(
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
      return { type: "string", code: this.#let(code), isNull: undefined };
    }
    const number = this.#number(operand);
    if (number.type === "null" || operator === "+")
      return { ...number, type: number.type === "null" ? "number" : number.type };
    return { type: "number", code: `(${operator}${number.code})`, isNull: number.isNull };
  }

  /** Reads an operand as a number. */
  #number(operand: Operand): Operand {
    switch (operand.type) {
      case "null":
        return { type: "number", code: "NaN", isNull: "true" };
      case "number":
        return operand;
      case "timestamp":
        return { ...operand, type: "number" };
      case "boolean":
        return { type: "number", code: `(${operand.code} ? 1 : 0)`, isNull: operand.isNull };
      case "string":
        return { type: "number", code: this.#let(`Number(${operand.code})`), isNull: operand.isNull };
      case "json": {
        const made = this.#let(`rt.toNumber(${operand.code})`);
        return { type: "number", code: made, isNull: `(${made} === null)` };
      }
    }
  }

  /** Reads an operand as text, null when it is null. */
  #text(operand: Operand): Operand {
    switch (operand.type) {
      case "null":
        return { type: "string", code: "null", isNull: "true" };
      case "string":
        return operand;
      case "json": {
        const made = this.#let(`rt.toText(${operand.code})`);
        return { type: "string", code: made, isNull: `(${made} === null)` };
      }
      default: {
        const code = `String(${operand.code})`;
        const made = this.#let(operand.isNull === undefined ? code : `${operand.isNull} ? null : ${code}`);
        return { type: "string", code: made, isNull: operand.isNull === undefined ? undefined : `(${made} === null)` };
      }
    }
  }

  #binary(expr: BinaryExpr): Operand {
    const left = this.value(expr.left);
    const right = this.value(expr.right);
    switch (expr.operator) {
      case "===":
      case "==":
        return this.#equality(expr.operator, left, right);
      case "!==":
      case "!=": {
        const same = this.#equality(expr.operator === "!==" ? "===" : "==", left, right);
        return { ...same, code: `!${same.code}` };
      }
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#order(expr.operator, left, right);
      default:
        return this.#arithmetic(expr.operator, left, right);
    }
  }

  #equality(operator: "===" | "==", left: Operand, right: Operand): Operand {
    const answer = (code: string): Operand => ({ type: "boolean", code, isNull: undefined });
    if (left.type === "null") return answer(`(${right.isNull ?? "false"})`);
    if (right.type === "null") return answer(`(${left.isNull ?? "false"})`);
    const kinds = [kindOf(left), kindOf(right)];
    if (kinds.includes("json"))
      return answer(
        operator === "==="
          ? `(${boxed(left)} === ${boxed(right)})`
          : `rt.looselyEqual(${boxed(left)}, ${boxed(right)})`,
      );
    if (kinds[0] === "string" && kinds[1] === "string") return answer(`(${left.code} === ${right.code})`);
    const bothNull =
      left.isNull !== undefined && right.isNull !== undefined ? `(${left.isNull} && ${right.isNull})` : "false";
    if (kinds[0] !== kinds[1] && operator === "===") return answer(bothNull);
    const [a, b] = kinds[0] === kinds[1] ? [left, right] : [this.#number(left), this.#number(right)];
    const same = `${a.code} === ${b.code}`;
    const nulls = either(left.isNull, right.isNull);
    return answer(nulls === undefined ? `(${same})` : `(${nulls} ? ${bothNull} : ${same})`);
  }

  #order(operator: string, left: Operand, right: Operand): Operand {
    const answer = (code: string): Operand => ({ type: "boolean", code, isNull: undefined });
    if (left.type === "null" || right.type === "null") return answer("false");
    if (left.type === "json" || right.type === "json")
      return answer(`rt.binary["${operator}"](${boxed(left)}, ${boxed(right)})`);
    const texts = left.type === "string" && right.type === "string";
    const [a, b] = texts ? [left, right] : [this.#number(left), this.#number(right)];
    const nulls = either(a.isNull, b.isNull);
    const holds = `${a.code} ${operator} ${b.code}`;
    return answer(nulls === undefined ? `(${holds})` : `(!${nulls} && ${holds})`);
  }

  #arithmetic(operator: string, left: Operand, right: Operand): Operand {
    if (operator === "+") {
      if (left.type === "null" || right.type === "null") return { type: "null", code: "null", isNull: "true" };
      if (left.type === "string" || right.type === "string") {
        const [a, b] = [this.#text(left), this.#text(right)];
        const nulls = either(a.isNull, b.isNull);
        const made = this.#let(
          nulls === undefined ? `${a.code} + ${b.code}` : `${nulls} ? null : ${a.code} + ${b.code}`,
        );
        return { type: "string", code: made, isNull: nulls === undefined ? undefined : `(${made} === null)` };
      }
      if (left.type === "json" || right.type === "json") {
        const made = this.#let(`rt.binary["+"](${boxed(left)}, ${boxed(right)})`);
        return { type: "json", code: made, isNull: `(${made} === null)` };
      }
    }
    const [a, b] = [this.#number(left), this.#number(right)];
    const oneTime = (left.type === "timestamp") !== (right.type === "timestamp");
    const time = (operator === "+" && oneTime) || (operator === "-" && oneTime && left.type === "timestamp");
    return {
      type: time ? "timestamp" : "number",
      code: `(${a.code} ${operator} ${b.code})`,
      isNull: either(a.isNull, b.isNull),
    };
  }

  #logical(expr: LogicalExpr): Operand {
    const left = this.#named(this.value(expr.left));
    const right = this.#block(() => this.value(expr.right));
    const kept = { lines: [], made: left };
    if (expr.operator === "??") {
      if (left.isNull !== undefined)
        return this.#choose(left.isNull, right, { lines: [], made: { ...left, isNull: undefined } });
      // The type must not depend on whether this batch has nulls, so it is the one inferred from the schema.
      return as(inferType(expr, this.#settings.schemas, this.#settings.parameters).type, left);
    }
    const truth = this.#truthOf(left);
    if (expr.operator === "&&") return this.#choose(truth, right, kept);
    // What is true is not null, so the left side's null never comes out of `||`.
    return this.#choose(truth, { lines: [], made: { ...left, isNull: undefined } }, right);
  }

  /** Gives an operand a variable, when its code is more than one. */
  #named(operand: Operand): Operand {
    return /^\w+$/.test(operand.code) ? operand : { ...operand, code: this.#let(operand.code) };
  }

  #choose(
    test: string,
    whenTrue: { readonly lines: readonly string[]; readonly made: Operand },
    whenFalse: { readonly lines: readonly string[]; readonly made: Operand },
  ): Operand {
    const { type } = commonType(nullness(whenTrue.made), nullness(whenFalse.made));
    const nullable = whenTrue.made.isNull !== undefined || whenFalse.made.isNull !== undefined;
    const [a, b] = [as(type, whenTrue.made), as(type, whenFalse.made)];
    const boxedType = type === "string" || type === "json" || type === "null";
    if (whenTrue.lines.length === 0 && whenFalse.lines.length === 0 && (!nullable || boxedType)) {
      const made = this.#let(`${test} ? ${a.code} : ${b.code}`);
      return { type, code: made, isNull: nullable ? `(${made} === null)` : undefined };
    }
    const name = `t${this.#temporaries++}`;
    const flag = nullable && !boxedType ? `${name}n` : undefined;
    const branch = ({ lines }: { readonly lines: readonly string[] }, operand: Operand): string[] => [
      ...lines,
      `${name} = ${operand.code};`,
      ...(flag === undefined ? [] : [`${flag} = ${operand.isNull ?? "false"};`]),
    ];
    const start = boxedType ? "null" : type === "boolean" ? "false" : "0";
    this.emit(`let ${name} = ${start}${flag === undefined ? "" : `, ${flag} = false`};`);
    this.emit(`if (${test}) {`, ...branch(whenTrue, a), "} else {", ...branch(whenFalse, b), "}");
    return { type, code: name, isNull: flag ?? (nullable ? `(${name} === null)` : undefined) };
  }

  #call(expr: CallExpr): Operand {
    if (expr.name === "coalesce")
      return this.value(
        expr.arguments.reduceRight((right, left) => ({ kind: "logical", operator: "??", left, right })),
      );
    const fn = functionNamed(expr.name);
    const operands = expr.arguments.map(a => this.value(a));
    const mayBeNull = mayGiveNull(fn, operands[0]?.type === "string");
    const args = operands.map((operand, i) => this.#argument(parameterAt(fn, i), operand));
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
      const made = this.#let(apply ?? this.#apply(fn.name, args.map(boxed)));
      return { type, code: made, isNull: mayBeNull || type === "json" ? `(${made} === null)` : undefined };
    }
    const nulls = args.map(a => a.isNull).reduce(either, undefined);
    const invoke =
      apply ??
      this.#apply(
        fn.name,
        args.map(a => a.code),
      );
    if (fn.nulls === "false")
      return { type, code: this.#let(nulls === undefined ? invoke : `!${nulls} && ${invoke}`), isNull: undefined };
    // Arithmetic on the unspecified value of a null is harmless; anything else is called for values only.
    const harmless = apply !== undefined && args.every(a => a.type === "number");
    if (nulls === undefined || (harmless && !mayBeNull)) {
      const made = this.#let(invoke);
      return { type, code: made, isNull: mayBeNull ? `(${made} === null)` : nulls };
    }
    if (type === "string" || type === "json" || mayBeNull) {
      const made = this.#let(`${nulls} ? null : ${invoke}`);
      return { type, code: made, isNull: `(${made} === null)` };
    }
    const flag = this.#let(nulls);
    const name = `t${this.#temporaries++}`;
    this.emit(`let ${name} = ${type === "boolean" ? "false" : "0"};`, `if (!${flag}) ${name} = ${invoke};`);
    return { type, code: name, isNull: flag };
  }

  #apply(name: string, args: readonly string[]): string {
    let slot = this.#functions.indexOf(name);
    if (slot < 0) slot = this.#functions.push(name) - 1;
    return `f${slot}(${args.join(", ")})`;
  }

  /** Reads an operand as what a parameter takes. */
  #argument(type: ParameterType, operand: Operand): Operand {
    switch (type) {
      case "number":
        return this.#named(this.#number(operand));
      case "string":
        return this.#named(this.#text(operand));
      case "boolean":
        return { type: "boolean", code: this.#let(this.#truthOf(operand)), isNull: operand.isNull };
      case "time": {
        if (operand.type === "number" || operand.type === "timestamp") return this.#named(this.#number(operand));
        const made = this.#let(`rt.toTime(${boxed(operand)})`);
        return { type: "json", code: made, isNull: `(${made} === null)` };
      }
      case "any": {
        const made = this.#let(boxed(operand));
        return {
          ...operand,
          type: "json",
          code: made,
          isNull: operand.isNull === undefined ? undefined : `(${made} === null)`,
        };
      }
    }
  }
}
