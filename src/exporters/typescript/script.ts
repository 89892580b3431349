/** What a TypeScript script gathers while it is written: imports, captured values, and names of its streams. */
import type { RowExpression } from "../../expressions/tree.ts";
import { canonical } from "../../pipeline/identity.ts";
import { literal, object, propertyName } from "./literal.ts";

/** Words that cannot name a `const`, and names that a script uses for itself. */
const TAKEN = new Set(
  (
    "await break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if implements import in instanceof interface let new null package private protected public return static " +
    "super switch this throw true try typeof var void while with yield arguments eval undefined NaN Infinity " +
    "process console captured op runPipeline result"
  ).split(" "),
);

/** Names of the library that a script uses, to be imported. */
export class Imports {
  readonly #names = new Set<string>();
  use(name: string): string {
    this.#names.add(name);
    return name;
  }
  get names(): string[] {
    return [...this.#names].sort();
  }
}

export class Script {
  readonly imports = new Imports();
  /** Captured values that stand as constants at the top, by name. */
  readonly constants = new Map<string, string>();
  readonly #names = new Set<string>();

  /**
   * `exported` are the names that the library exports: no stream or constant is called like one of them, so that the two
   * never meet. `reserved` is the name of the result.
   */
  readonly #exported: ReadonlySet<string>;

  constructor(exported: ReadonlySet<string>, reserved: readonly string[]) {
    this.#exported = exported;
    for (const name of reserved) this.#names.add(name);
  }

  #isFree(name: string): boolean {
    return !TAKEN.has(name) && !this.#exported.has(name) && !this.#names.has(name) && !this.constants.has(name);
  }

  /** Gives a stream a name like `wanted` that nothing else has. */
  name(wanted: string): string {
    const words = wanted.replace(/\.[a-z0-9.]+$/i, "").split(/[^\p{L}\p{N}_$]+/u);
    const base = words
      .filter(w => w !== "")
      .map((w, i) => (i === 0 ? w[0].toLowerCase() + w.slice(1) : w[0].toUpperCase() + w.slice(1)))
      .join("")
      .replace(/^(?=\p{N})/u, "log");
    let name = base === "" ? "stream" : base;
    for (let i = 2; !this.#isFree(name); i++) name = `${base === "" ? "stream" : base}${i}`;
    this.#names.add(name);
    return name;
  }

  /** Writes a row expression as it was written, with the values it captured. */
  expression(expression: RowExpression): string {
    const { source, parameters, expr } = expression;
    if (!isFunction(source)) {
      // A name alone is a column, other text an expression in which `d` is the row.
      if (expr.kind === "literal" && typeof expr.value !== "string" && source === String(expr.value)) return source;
      return literal(expr.kind === "column" && expr.side === 0 && source === expr.name ? expr.name : source);
    }
    return this.fn(source, parameters);
  }

  /** Writes a function, wrapped in `captured` where it uses values from outside. */
  fn(source: string, parameters: Readonly<Record<string, unknown>>): string {
    if (/\bop\s*\./.test(source)) this.imports.use("op");
    const names = Object.keys(parameters);
    if (names.length === 0) return source;
    const values = names.map(name => this.#captured(name, parameters[name]));
    return `${this.imports.use("captured")}(${object(values)}, ${source})`;
  }

  /** A captured value is a constant at the top under its own name, unless that name means something else already. */
  #captured(name: string, value: unknown): string {
    const text = literal(value);
    const known = this.constants.get(name);
    if (known === undefined && this.#isFree(name)) this.constants.set(name, text);
    if (this.constants.get(name) === text) return name;
    return `${propertyName(name)}: ${text}`;
  }
}

/** Whether the text of an expression is that of a function. */
export function isFunction(source: string): boolean {
  return /=>|^(async\s+)?function\b/.test(source);
}

/** Whether two settings are the same. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}
