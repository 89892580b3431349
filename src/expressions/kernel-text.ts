/**
 * The text of a kernel while it is written: what stands before its loop, the statements in it, and what it reads by number. Statements go
 * to the block at hand, so that what a condition guards is computed only where it holds.
 */
import { columnIndex } from "../columns/batch.ts";
import type { ColumnType, Schema, Value } from "../columns/column.ts";
import type { Operand } from "./operand.ts";
import type { ColumnExpr, Expr, Side } from "./tree.ts";
import { unknownColumn } from "./types.ts";

/** What is known of a table's entry. */
export const NO_VALUE = 0;
export const HAS_VALUE = 1;
export const UNKNOWN = 2;

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

/** Statements of a block, and what they make. */
export interface Block<T> {
  readonly lines: readonly string[];
  readonly made: T;
}

export class KernelText {
  readonly settings: Settings;
  /** Columns that are read, by slot. */
  readonly columns: ColumnSlot[] = [];
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
    this.settings = settings;
  }

  /** Writes statements into the block at hand. */
  emit(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  /** Writes a statement before the loop. */
  emitFirst(line: string): void {
    this.#head.push(line);
  }

  /** Makes up a name that nothing has yet. */
  name(letter = "t"): string {
    return `${letter}${this.#temporaries++}`;
  }

  /** Names a computed value, so that it is computed once. */
  let(code: string): string {
    const name = this.name();
    this.emit(`const ${name} = ${code};`);
    return name;
  }

  /** Gives an operand a variable, when its code is more than one. */
  named(operand: Operand): Operand {
    return /^\w+$/.test(operand.code) ? operand : { ...operand, code: this.let(operand.code) };
  }

  /** Returns what was computed under a key in the block at hand or around it; otherwise computes it. */
  once(key: string, write: () => Operand): Operand {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const operand = write();
    this.#known.set(key, operand);
    return operand;
  }

  /** Writes a part into a block of its own. */
  block<T>(write: () => T): Block<T> {
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

  /** Names a column's arrays before the loop and returns its slot. */
  column(expr: ColumnExpr): number {
    const schema = this.settings.schemas[expr.side] ?? [];
    const index = columnIndex(schema, expr.name);
    if (index < 0) throw new Error(unknownColumn(expr.name, schema));
    const found = this.columns.findIndex(c => c.side === expr.side && c.index === index);
    if (found >= 0) return found;
    const { type } = schema[index];
    const slot = this.columns.push({ side: expr.side, index, type }) - 1;
    if (type === "string")
      this.emitFirst(`const c${slot} = columns[${slot}].codes, y${slot} = columns[${slot}].dictionary;`);
    else this.emitFirst(`const v${slot} = columns[${slot}].values;`);
    if (this.settings.nulls && type !== "string" && type !== "json")
      this.emitFirst(`const n${slot} = columns[${slot}].valid;`);
    return slot;
  }

  /** What the row of a side is called in the loop. */
  row(side: Side): string {
    return this.settings.rows === "pairs" ? `r${side}` : "i";
  }

  /** Names a parameter before the loop. */
  parameter(name: string): string {
    let slot = this.#parameters.indexOf(name);
    if (slot < 0) {
      slot = this.#parameters.push(name) - 1;
      this.emitFirst(`const p${slot} = parameters[${slot}];`);
    }
    return `p${slot}`;
  }

  /** Names a table's arrays before the loop and returns its slot. */
  table(table: TableSlot): number {
    const slot = this.#tables.push(table) - 1;
    this.emitFirst(`const q${slot} = tables[${slot}], x${slot} = q${slot}.values, z${slot} = q${slot}.states;`);
    return slot;
  }

  /** Writes the call of a function of the product's own. */
  apply(name: string, args: readonly string[]): string {
    let slot = this.#functions.indexOf(name);
    if (slot < 0) slot = this.#functions.push(name) - 1;
    return `f${slot}(${args.join(", ")})`;
  }

  /** Puts everything together: `start` stands before the loop, `end` after it. */
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
      loops[this.settings.rows],
      ...this.#lines,
      "}",
      ...end,
      "};",
    ]
      .filter(line => line !== "")
      .join("\n");
    return {
      text,
      columns: this.columns,
      parameters: this.#parameters,
      tables: this.#tables,
      functions: this.#functions,
      type,
      writesValidity: start.includes("nulls"),
    };
  }
}
