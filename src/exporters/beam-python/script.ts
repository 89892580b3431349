/** What a Beam script gathers while it is written: imports, definitions before the pipeline, and everything that stands in the way. */
import type { Schema } from "../../columns/column.ts";
import type { Printed } from "../../expressions/printers/fragment.ts";
import { pythonLiteral, printPython, printPythonCondition } from "../../expressions/printers/python.ts";
import type { RowExpression } from "../../expressions/tree.ts";
import { type Node, verbOf } from "../../pipeline/node.ts";
import type { ExportObstacle } from "../exporter.ts";

/** Why something cannot be said, and what would help. */
export interface Reason {
  readonly severity: ExportObstacle["severity"];
  readonly kind: ExportObstacle["kind"];
  readonly reason: string;
}

export const never = (reason: string): Reason => ({ severity: "refuse", kind: "never", reason });
export const notImplemented = (reason: string): Reason => ({ severity: "refuse", kind: "not-implemented", reason });
export const differs = (reason: string): Reason => ({ severity: "warn", kind: "differs", reason });

/** Parts of a script, in the order in which a reader wants them. */
const PARTS = ["constants", "source", "pipeline", "output"] as const;
type Part = (typeof PARTS)[number];

export class PythonScript {
  readonly #imports = new Set<string>();
  readonly #definitions = new Map<string, { readonly text: string; readonly part: Part }>();
  /** Which part of the script is being written: definitions stand in the order of the parts. */
  part: Part = "pipeline";
  readonly #obstacles: ExportObstacle[] = [];
  /** Sentences for the header. */
  readonly notes = new Set<string>();
  /** Options of the pipeline, besides streaming. */
  readonly options = new Set<string>();
  /** Whether something may hold the watermark at the end of the log, so that the runner does not come to an end. */
  mayStall = false;
  /** Whether anything waits for processing time, so that the replay has to move the clock. */
  needsClock = false;

  import(line: string): void {
    this.#imports.add(line);
  }

  /** Asks for a constant, which stands before everything else. */
  constant(name: string, text: string): void {
    if (!this.#definitions.has(name)) this.#definitions.set(name, { text, part: "constants" });
  }

  /** Asks for a definition that stands before the pipeline, and returns its name. */
  define(name: string, text: string): string {
    if (!this.#definitions.has(name)) this.#definitions.set(name, { text, part: this.part });
    return name;
  }

  /** Notes an obstacle and returns a placeholder that Python would not accept. */
  cannot(node: Node, { severity, kind, reason }: Reason): string {
    const where = verbOf(node).describe(node);
    if (!this.#obstacles.some(o => o.where === where && o.reason === reason))
      this.#obstacles.push({ severity, kind, where, reason });
    return "⟨?⟩";
  }

  /** Prints a row's expression over rows that are mappings. */
  value(node: Node, expression: RowExpression, schema: Schema, column?: (name: string) => string): string {
    return this.#take(node, printPython(expression, { schemas: [schema], column }));
  }

  /** Prints what a filter's function returns. */
  condition(node: Node, expression: RowExpression, schema: Schema): string {
    return this.#take(node, printPythonCondition(expression, { schemas: [schema] }));
  }

  #take(node: Node, printed: Printed): string {
    for (const { construct, reason } of printed.obstacles)
      this.cannot(node, notImplemented(`${construct} cannot be written in Python: ${reason}.`));
    for (const note of printed.notes) this.cannot(node, differs(note));
    for (const helper of printed.helpers) {
      if (/^(import|from) /.test(helper)) this.import(helper);
      else this.define(/^(?:def|class) (\w+)/.exec(helper)?.[1] ?? helper, helper);
    }
    return printed.text;
  }

  get obstacles(): readonly ExportObstacle[] {
    return this.#obstacles;
  }

  get refused(): boolean {
    return this.#obstacles.some(o => o.severity === "refuse");
  }

  /** Import lines in the order that Python's style asks for: the language's own, then others. */
  get imports(): string[] {
    const lines = [...this.#imports].sort();
    const foreign = lines.filter(l => l.includes("apache_beam"));
    return [...lines.filter(l => !foreign.includes(l)), "", ...foreign];
  }

  get definitions(): string[] {
    const all = [...this.#definitions.values()];
    return PARTS.flatMap(part => all.filter(d => d.part === part)).map(d => d.text);
  }
}

/** Writes text as a Python string. */
export function quoted(text: string): string {
  return pythonLiteral(text);
}

/** Writes a length of time in milliseconds as what Beam takes: whole seconds as a number, anything else exactly. */
export function beamDuration(milliseconds: number, script: PythonScript): string {
  if (Number.isInteger(milliseconds / 1000)) return grouped(milliseconds / 1000);
  script.import("from apache_beam.utils.timestamp import Duration, Timestamp");
  return `Duration(micros=${grouped(Math.round(milliseconds * 1000))})`;
}

/** Writes a number with underscores between thousands where it is long. */
export function grouped(value: number): string {
  return Number.isInteger(value) && Math.abs(value) >= 10_000
    ? String(value).replace(/\B(?=(\d{3})+$)/g, "_")
    : String(value);
}
