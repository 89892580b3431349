/**
 * Prints an expression as Python 3.9. Rows are mappings (`row["amount"]`), null is `None`, timestamps are milliseconds
 * since the epoch. Python raises where JavaScript and the notebook go on (`None + 1`, `1 / 0`), so every operand that may
 * be null is tested first, and operations that may raise go through a small helper that is printed along.
 */
import type { Schema, Value } from "../../columns/column.ts";
import { functionNamed, type ParameterType, parameterAt } from "../functions.ts";
import type { BinaryExpr, CallExpr, Expr, LogicalExpr, RowExpression, Side } from "../tree.ts";
import { type InferredType, inferType, parameterValue } from "../types.ts";
import { ATOM, atom, fillTemplate, Findings, type Fragment, isAtomic, type Printed, within } from "./fragment.ts";

export interface PythonOptions {
  readonly schemas: readonly Schema[];
  /** How a column is read (default `row["name"]`; `left["name"]` and `right["name"]` when there are two schemas). */
  readonly column?: (name: string, side: Side) => string;
  /** How a parameter is written (default: its value as a literal). */
  readonly parameter?: (name: string, value: Value) => string;
}

const CONDITIONAL = 1;
const OR = 2;
const AND = 3;
const NOT = 4;
const COMPARISON = 5;
const ADDITIVE = 10;
const MULTIPLICATIVE = 11;
const UNARY = 12;

/** Functions printed along when they are used. Each does what the notebook's operator does, without raising. */
const HELPERS: Readonly<Record<string, string>> = {
  "import math": "import math",
  "import re": "import re",
  "import json": "import json",
  "import datetime": "import datetime",
  "import zoneinfo": "import zoneinfo",
  divide: `def divide(a, b):
    """Divides as IEEE 754 does: by zero gives an infinity or NaN."""
    if b != 0:
        return a / b
    if a == 0 or a != a:
        return float("nan")
    return math.copysign(float("inf"), a) * math.copysign(1.0, b)`,
  remainder: `def remainder(a, b):
    """The remainder with the sign of the dividend; NaN where there is none."""
    try:
        return math.fmod(a, b)
    except ValueError:
        return float("nan")`,
  power: `def power(a, b):
    """A power in doubles; NaN and infinities instead of errors and complex numbers."""
    if b != b or (abs(a) == 1 and math.isinf(b)):
        return float("nan")
    try:
        return math.pow(a, b)
    except OverflowError:
        return float("-inf") if a < 0 and math.fmod(b, 2) != 0 else float("inf")
    except ValueError:
        return float("inf") if a == 0 else float("nan")`,
  total: `def total(function, x):
    """Applies a function of math; NaN outside its domain, an infinity where it overflows."""
    try:
        return function(x)
    except ValueError:
        return float("-inf") if x == 0 and function is not math.asin else float("nan")
    except OverflowError:
        return float("inf")`,
  whole: `def whole(function, x):
    """Rounds with math.floor, math.ceil or math.trunc; NaN and infinities stay what they are."""
    return function(x) if math.isfinite(x) else x`,
  number: `def number(x):
    """Reads a value as a number, as JavaScript does; NaN when it is none."""
    if x is None or isinstance(x, (int, float)) and not isinstance(x, bool):
        return x
    if isinstance(x, bool):
        return int(x)
    if not isinstance(x, str):
        return float("nan")
    stripped = x.strip()
    if "_" in stripped or stripped.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return {"Infinity": 1, "+Infinity": 1, "-Infinity": -1}.get(stripped, float("nan")) * float("inf")
    try:
        return float(stripped) if stripped else 0
    except ValueError:
        return float("nan")`,
  text: `def text(x):
    """Writes a value as text: whole numbers without a point, booleans in lower case."""
    if x is None or isinstance(x, str):
        return x
    if isinstance(x, bool):
        return "true" if x else "false"
    if isinstance(x, (int, float)):
        if x != x:
            return "NaN"
        if x in (float("inf"), float("-inf")):
            return "Infinity" if x > 0 else "-Infinity"
        return str(int(x)) if x == int(x) and abs(x) < 1e21 else repr(x)
    return json.dumps(x, separators=(",", ":"), ensure_ascii=False)`,
  truthy: `def truthy(x):
    """Tells whether a value counts as true: not None, False, 0, NaN or an empty text."""
    return x is not None and x is not False and x == x and (isinstance(x, (list, dict)) or bool(x))`,
  field: `def field(value, key):
    """Reads a field of an object or an element of an array; None when it is not there."""
    if isinstance(value, dict):
        return value.get(text(key))
    if isinstance(value, list) and isinstance(key, (int, float)) and key == int(key) and 0 <= key < len(value):
        return value[int(key)]
    return None`,
};

/** Which helpers a helper uses itself. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  divide: ["import math"],
  remainder: ["import math"],
  power: ["import math"],
  total: ["import math"],
  whole: ["import math"],
  text: ["import json"],
  field: ["import json", "text"],
};

/** Functions of `math` that raise outside their domain. */
const PARTIAL = new Set("sqrt log log2 log10 log1p asin acos exp expm1 sin cos tan".split(" "));
const WHOLE = new Set(["floor", "ceil", "trunc"]);

/** Prints a value. */
export function printPython(expression: RowExpression, options: PythonOptions): Printed {
  const printer = new PythonPrinter(expression, options);
  return printer.findings.printed(printer.value(expression.expr).text);
}

/** Prints a condition: what stands after `if`, or what a filter's function returns. */
export function printPythonCondition(expression: RowExpression, options: PythonOptions): Printed {
  const printer = new PythonPrinter(expression, options);
  return printer.findings.printed(printer.condition(expression.expr).text);
}

/** Writes plain data as a Python literal. */
export function pythonLiteral(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return pythonText(value);
  if (typeof value === "number") {
    if (Number.isNaN(value)) return 'float("nan")';
    if (!Number.isFinite(value)) return value > 0 ? 'float("inf")' : 'float("-inf")';
    return Object.is(value, -0) ? "-0.0" : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(v => pythonLiteral(v as Value)).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([k, v]) => `${pythonText(k)}: ${pythonLiteral(v as Value)}`)
    .join(", ")}}`;
}

function pythonText(text: string): string {
  let out = '"';
  for (const c of text) {
    const code = c.codePointAt(0) as number;
    if (c === '"' || c === "\\") out += `\\${c}`;
    else if (c === "\n") out += "\\n";
    else if (code < 32 || code === 127 || (code >= 0xd800 && code <= 0xdfff) || code === 0x2028 || code === 0x2029)
      out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += c;
  }
  return `${out}"`;
}

interface Operand {
  readonly printed: Fragment;
  readonly nullable: boolean;
}

class PythonPrinter {
  readonly findings = new Findings();
  readonly #expression: RowExpression;
  readonly #options: PythonOptions;
  #names = 0;

  constructor(expression: RowExpression, options: PythonOptions) {
    this.#expression = expression;
    this.#options = options;
  }

  #type(expr: Expr): InferredType {
    return inferType(expr, this.#options.schemas, this.#expression.parameters);
  }

  #helper(name: string): string {
    for (const needed of NEEDS[name] ?? []) this.findings.helper(needed, HELPERS);
    return this.findings.helper(name, HELPERS);
  }

  /** Prints what Python takes as true exactly where the part counts as true. */
  condition(expr: Expr): Fragment {
    if (expr.kind === "unary" && expr.operator === "!")
      return { text: `not ${within(this.condition(expr.argument), NOT)}`, binds: NOT };
    if (expr.kind === "logical" && expr.operator !== "??") {
      const [word, binds] = expr.operator === "&&" ? ["and", AND] : ["or", OR];
      return { text: [expr.left, expr.right].map(e => within(this.condition(e), binds)).join(` ${word} `), binds };
    }
    const { type } = this.#type(expr);
    const printed = this.value(expr);
    // Text and booleans count as true in Python when they do in JavaScript; NaN, [] and {} do not.
    if (type === "boolean" || type === "string" || type === "null") return printed;
    return atom(`${this.#helper("truthy")}(${printed.text})`);
  }

  value(expr: Expr): Fragment {
    switch (expr.kind) {
      case "literal":
        return literalFragment(expr.value);
      case "column":
        return atom(this.#column(expr.name, expr.side));
      case "parameter": {
        const value = parameterValue(this.#expression.parameters, expr.name);
        return this.#options.parameter === undefined
          ? literalFragment(value)
          : atom(this.#options.parameter(expr.name, value));
      }
      case "unary":
        return this.#unary(expr.operator, expr.argument);
      case "binary":
        return this.#binary(expr);
      case "logical":
        return this.#logical(expr);
      case "conditional": {
        const [consequent, alternate] = [this.value(expr.consequent), this.value(expr.alternate)];
        const test = within(this.condition(expr.test), CONDITIONAL + 1);
        return { text: `${within(consequent, CONDITIONAL + 1)} if ${test} else ${alternate.text}`, binds: CONDITIONAL };
      }
      case "call":
        return this.#call(expr);
      case "member":
        return atom(`${this.#helper("field")}(${this.value(expr.object).text}, ${this.value(expr.property).text})`);
      case "aggregate":
        return this.findings.cannot(`op.${expr.name}`, "an aggregate stands where a row's value is wanted");
      case "opaque":
        return this.findings.cannot(expr.source, `it is not in the expression language: ${expr.reason}`);
    }
  }

  #column(name: string, side: Side): string {
    if (this.#options.column !== undefined) return this.#options.column(name, side);
    const row = this.#options.schemas.length < 2 ? "row" : side === 0 ? "left" : "right";
    return `${row}[${pythonText(name)}]`;
  }

  /**
   * Finds what has to be tested before operands can be used, and what to use then. Columns and names are repeated as
   * they are; anything longer is named by `:=` in its test.
   */
  #subjects(operands: readonly Operand[]): {
    readonly subjects: readonly string[];
    readonly names: readonly Fragment[];
  } {
    const subjects: string[] = [];
    const add = (subject: string): void => {
      if (!subjects.includes(subject)) subjects.push(subject);
    };
    const names = operands.map(({ printed, nullable }) => {
      if (!nullable) return printed;
      if (printed.guarded !== undefined) {
        printed.guarded.subjects.forEach(add);
        return printed.guarded.body;
      }
      if (/^\w+(\[("[^"\\]*")\])?$/.test(printed.text)) {
        add(printed.text);
        return printed;
      }
      const name = `v${++this.#names}`;
      add(`(${name} := ${printed.text})`);
      return atom(name);
    });
    return { subjects, names };
  }

  /** Prints an operation that is None when an operand is. */
  #orNone(operands: readonly Operand[], write: (names: readonly Fragment[]) => Fragment): Fragment {
    const { subjects, names } = this.#subjects(operands);
    const body = write(names);
    if (subjects.length === 0) return body;
    const tests = subjects.map(s => `${s} is None`).join(" or ");
    return {
      text: `None if ${tests} else ${within(body, CONDITIONAL + 1)}`,
      binds: CONDITIONAL,
      guarded: { subjects, body },
    };
  }

  /** Prints a test that is false when an operand is None. */
  #andNotNone(operands: readonly Operand[], write: (names: readonly Fragment[]) => Fragment): Fragment {
    const { subjects, names } = this.#subjects(operands);
    const body = write(names);
    if (subjects.length === 0) return body;
    return { text: [...subjects.map(s => `${s} is not None`), within(body, AND)].join(" and "), binds: AND };
  }

  #operand(expr: Expr, as: "number" | "text" | "any"): Operand {
    const { nullable } = this.#type(expr);
    const printed = as === "number" ? this.#number(expr) : as === "text" ? this.#text(expr) : this.value(expr);
    return { printed, nullable };
  }

  #number(expr: Expr): Fragment {
    const { type } = this.#type(expr);
    const printed = this.value(expr);
    if (type === "number" || type === "timestamp" || type === "null") return printed;
    return atom(`${this.#helper("number")}(${printed.text})`);
  }

  #text(expr: Expr): Fragment {
    const { type } = this.#type(expr);
    const printed = this.value(expr);
    if (type === "string" || type === "null") return printed;
    return atom(`${this.#helper("text")}(${printed.text})`);
  }

  #unary(operator: string, argument: Expr): Fragment {
    switch (operator) {
      case "!":
        return this.condition({ kind: "unary", operator: "!", argument });
      case "+":
        return this.#number(argument);
      case "-":
        return this.#orNone([this.#operand(argument, "number")], ([a]) => ({
          text: `-${within(a, UNARY)}`,
          binds: UNARY,
        }));
      default:
        return this.findings.cannot(operator, "Python has no such operator on doubles");
    }
  }

  #binary(expr: BinaryExpr): Fragment {
    const { operator, left, right } = expr;
    const [leftType, rightType] = [this.#type(left), this.#type(right)];
    switch (operator) {
      case "===":
      case "==":
      case "!==":
      case "!=":
        return this.#equality(expr, leftType, rightType);
      case "<":
      case "<=":
      case ">":
      case ">=": {
        if (leftType.type === "null" || rightType.type === "null") return atom("False");
        if (leftType.type === "json" || rightType.type === "json")
          return this.findings.cannot(
            operator,
            "comparing json values depends on what they are; convert them with op.number or op.string first",
          );
        const as = leftType.type === "string" && rightType.type === "string" ? "any" : "number";
        return this.#andNotNone([this.#operand(left, as), this.#operand(right, as)], ([a, b]) => ({
          text: `${within(a, COMPARISON + 1)} ${operator} ${within(b, COMPARISON + 1)}`,
          binds: COMPARISON,
        }));
      }
      case "+":
        if (leftType.type === "null" || rightType.type === "null") return atom("None");
        if (leftType.type === "string" || rightType.type === "string")
          return this.#infix("+", ADDITIVE, left, right, "text");
        if (leftType.type === "json" || rightType.type === "json")
          return this.findings.cannot(
            "+",
            "whether json values are added or joined depends on what they are; convert them with op.number or op.string first",
          );
        return this.#infix("+", ADDITIVE, left, right, "number");
      case "-":
        return this.#infix("-", ADDITIVE, left, right, "number");
      case "*":
        return this.#infix("*", MULTIPLICATIVE, left, right, "number");
      case "/":
        return isNonZero(right)
          ? this.#infix("/", MULTIPLICATIVE, left, right, "number")
          : this.#helped("divide", left, right);
      case "%":
        return this.#helped("remainder", left, right);
      case "**":
        return this.#helped("power", left, right);
      default:
        return this.findings.cannot(operator, "JavaScript's 32-bit operators have no equal in Python");
    }
  }

  #infix(symbol: string, binds: number, left: Expr, right: Expr, as: "number" | "text"): Fragment {
    return this.#orNone([this.#operand(left, as), this.#operand(right, as)], ([a, b]) => ({
      text: `${within(a, binds)} ${symbol} ${within(b, binds + 1)}`,
      binds,
    }));
  }

  #helped(helper: string, left: Expr, right: Expr): Fragment {
    const name = this.#helper(helper);
    return this.#orNone([this.#operand(left, "number"), this.#operand(right, "number")], ([a, b]) =>
      atom(`${name}(${a.text}, ${b.text})`),
    );
  }

  #equality(expr: BinaryExpr, left: InferredType, right: InferredType): Fragment {
    const negated = expr.operator.startsWith("!");
    const strict = expr.operator.length === 3;
    if (left.type === "null" || right.type === "null") {
      const tested = left.type === "null" ? expr.right : expr.left;
      if (!this.#type(tested).nullable) return atom(negated ? "True" : "False");
      return {
        text: `${within(this.value(tested), COMPARISON + 1)} is ${negated ? "not " : ""}None`,
        binds: COMPARISON,
      };
    }
    const json = left.type === "json" || right.type === "json";
    if (json)
      this.findings.note(
        "Nested values are compared by content in Python and by identity in the notebook; True equals 1.",
      );
    if (!json && kind(left) !== kind(right)) {
      if (!strict)
        return this.findings.cannot(expr.operator, "its two sides have different types; convert one of them first");
      const [a, b] = [expr.left, expr.right].map(e => within(this.value(e), COMPARISON + 1));
      const bothNone: Fragment =
        left.nullable && right.nullable ? { text: `${a} is None and ${b} is None`, binds: AND } : atom("False");
      return negated ? { text: `not ${within(bothNone, NOT)}`, binds: NOT } : bothNone;
    }
    const [a, b] = [expr.left, expr.right].map(e => within(this.value(e), COMPARISON + 1));
    return { text: `${a} ${negated ? "!=" : "=="} ${b}`, binds: COMPARISON };
  }

  #logical(expr: LogicalExpr): Fragment {
    const left = this.#type(expr.left);
    if (expr.operator === "??") {
      const printed = this.value(expr.left);
      if (!left.nullable) return printed;
      // The left side as a whole is tested here, so its own tests stay inside.
      const { subjects, names } = this.#subjects([
        { printed: { text: printed.text, binds: printed.binds }, nullable: true },
      ]);
      return {
        text: `${names[0].text} if ${subjects[0]} is not None else ${this.value(expr.right).text}`,
        binds: CONDITIONAL,
      };
    }
    if (left.type === "boolean" || left.type === "string" || left.type === "null") {
      const [word, binds] = expr.operator === "&&" ? ["and", AND] : ["or", OR];
      return {
        text: `${within(this.value(expr.left), binds)} ${word} ${within(this.value(expr.right), binds + 1)}`,
        binds,
      };
    }
    // Numbers and json: Python's own `and` would take NaN for true and [] for false.
    const name = `v${++this.#names}`;
    const test = `${this.#helper("truthy")}(${name} := ${this.value(expr.left).text})`;
    const right = within(this.value(expr.right), CONDITIONAL + 1);
    const text = expr.operator === "&&" ? `${right} if ${test} else ${name}` : `${name} if ${test} else ${right}`;
    return { text, binds: CONDITIONAL };
  }

  #call(expr: CallExpr): Fragment {
    const fn = functionNamed(expr.name);
    const args = expr.arguments;
    switch (expr.name) {
      case "boolean":
        return atom(`bool(${this.condition(args[0]).text})`);
      case "string":
        return this.#text(args[0]);
      case "number":
        return this.#number(args[0]);
      case "coalesce":
        return this.value(args.reduceRight((right, left) => ({ kind: "logical", operator: "??", left, right })));
      case "matches":
      case "replace_matches":
        return this.#regexp(expr);
      case "length":
      case "slice":
      case "at":
        if (this.#type(args[0]).type !== "string")
          return this.findings.cannot(`op.${expr.name}`, "it is printed for text only");
    }
    const template = typeof fn.python === "function" ? fn.python(args.length) : fn.python;
    if (template === undefined) return this.findings.cannot(`op.${expr.name}`, "Python has no equal that is known");
    for (const module of ["math", "json", "datetime", "zoneinfo"])
      if (template.includes(`${module}.`)) this.findings.helper(`import ${module}`, HELPERS);
    const operands = args.map((a, i) => this.#argument(parameterAt(fn, i), a));
    const write = (names: readonly Fragment[]): Fragment => {
      if (PARTIAL.has(expr.name)) return atom(`${this.#helper("total")}(math.${expr.name}, ${names[0].text})`);
      if (WHOLE.has(expr.name)) return atom(`${this.#helper("whole")}(math.${expr.name}, ${names[0].text})`);
      if (expr.name === "round")
        return atom(`${this.#helper("whole")}(math.floor, ${within(names[0], ADDITIVE)} + 0.5)`);
      if (expr.name === "pow") return atom(`${this.#helper("power")}(${names.map(n => n.text).join(", ")})`);
      if (expr.name === "substring" || expr.name === "slice")
        this.findings.note(
          "Positions count code points in Python and UTF-16 units in the notebook; they differ beyond the basic plane.",
        );
      if (expr.name === "concat") return { text: names.map(n => within(n, ADDITIVE + 1)).join(" + "), binds: ADDITIVE };
      const filled = fillTemplate(template, names);
      return isAtomic(filled) ? atom(filled) : { text: filled, binds: 0 };
    };
    return fn.nulls === "seen"
      ? write(operands.map(o => o.printed))
      : fn.nulls === "false"
        ? this.#andNotNone(operands, write)
        : this.#orNone(operands, write);
  }

  #argument(type: ParameterType, expr: Expr): Operand {
    if (type === "number") return this.#operand(expr, "number");
    if (type === "string") return this.#operand(expr, "text");
    const inferred = this.#type(expr).type;
    if (type === "time" && inferred !== "number" && inferred !== "timestamp")
      return { printed: this.findings.cannot("time from text", "derive it with op.timestamp first"), nullable: false };
    return this.#operand(expr, "any");
  }

  #regexp(expr: CallExpr): Fragment {
    const [text, pattern, flags, replacement] = expr.arguments;
    if (pattern.kind !== "literal" || flags.kind !== "literal")
      return this.findings.cannot("regular expression", "its pattern must be known beforehand");
    const letters = String(flags.value);
    const known: Readonly<Record<string, string>> = { i: "re.IGNORECASE", m: "re.MULTILINE", s: "re.DOTALL" };
    const options = ["re.ASCII", ...[...letters].flatMap(letter => known[letter] ?? [])].join(" | ");
    this.findings.helper("import re", HELPERS);
    this.findings.note(
      "Regular expressions follow Python's rules, which differ from JavaScript's in rarer constructs.",
    );
    // Python spells named groups (?P<name>…), and `\Z` is the end that JavaScript writes `$`.
    const source = pythonText(String(pattern.value).replace(/\(\?<(?![=!])/g, "(?P<"));
    if (expr.name === "matches")
      return this.#andNotNone([this.#operand(text, "text")], ([s]) => ({
        text: `re.search(${source}, ${s.text}, ${options}) is not None`,
        binds: COMPARISON,
      }));
    if (replacement.kind !== "literal")
      return this.findings.cannot("regular expression", "its replacement must be known beforehand");
    const template = String(replacement.value)
      .replaceAll("\\", "\\\\")
      .replace(/\$(\d)/g, "\\g<$1>")
      .replaceAll("$&", "\\g<0>");
    const count = letters.includes("g") ? 0 : 1;
    return this.#orNone([this.#operand(text, "text")], ([s]) =>
      atom(`re.sub(${source}, ${pythonText(template)}, ${s.text}, count=${count}, flags=${options})`),
    );
  }
}

function literalFragment(value: Value): Fragment {
  const text = pythonLiteral(value);
  return text.startsWith("-") ? { text, binds: UNARY } : { text, binds: ATOM };
}

function kind(type: InferredType): string {
  return type.type === "timestamp" ? "number" : type.type;
}

function isNonZero(expr: Expr): boolean {
  return expr.kind === "literal" && typeof expr.value === "number" && expr.value !== 0;
}
