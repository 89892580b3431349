/**
 * Prints an expression as Java 11. Numbers and timestamps are `Double` or `double`, text is `String`, null is null. A
 * boxed null unboxes to an exception, so an operand that may be null is tested first: in place when it is a field, and
 * through `orNull` and `holds`, which are printed along, when it is longer.
 */
import type { Schema, Value } from "../../columns/column.ts";
import { functionNamed, type ParameterType, parameterAt } from "../functions.ts";
import type { BinaryExpr, CallExpr, Expr, LogicalExpr, RowExpression, Side } from "../tree.ts";
import { type InferredType, inferType, parameterValue } from "../types.ts";
import { ATOM, atom, fillTemplate, Findings, type Fragment, isAtomic, type Printed, within } from "./fragment.ts";

export interface JavaOptions {
  readonly schemas: readonly Schema[];
  /** How a column is read (default `row.name`, or `left.name` and `right.name`; names that Java forbids are an obstacle). */
  readonly column?: (name: string, side: Side) => string;
  /** How a parameter is written (default: its value as a literal). */
  readonly parameter?: (name: string, value: Value) => string;
}

const CONDITIONAL = 1;
const OR = 2;
const AND = 3;
const EQUALITY = 7;
const COMPARISON = 8;
const ADDITIVE = 10;
const MULTIPLICATIVE = 11;
const UNARY = 12;

const INFIX: Readonly<Record<string, number>> = {
  "+": ADDITIVE,
  "-": ADDITIVE,
  "*": MULTIPLICATIVE,
  "/": MULTIPLICATIVE,
  "%": MULTIPLICATIVE,
};

/** Definitions printed along when they are used: imports first, then static methods. */
const HELPERS: Readonly<Record<string, string>> = {
  Objects: "import java.util.Objects;",
  Locale: "import java.util.Locale;",
  Arrays: "import java.util.Arrays;",
  Pattern: "import java.util.regex.Pattern;",
  Matcher: "import java.util.regex.Matcher;",
  Instant: "import java.time.Instant;",
  ZoneOffset: "import java.time.ZoneOffset;",
  ZoneId: "import java.time.ZoneId;",
  orNull: `/** Applies a function, or gives null for null. */
static <A, R> R orNull(A a, java.util.function.Function<A, R> function) {
  return a == null ? null : function.apply(a);
}`,
  holds: `/** Tests a value; null never passes. */
static <A> boolean holds(A a, java.util.function.Predicate<A> test) {
  return a != null && test.test(a);
}`,
  coalesce: `/** Gives the first value, or the second when that is null. */
static <T> T coalesce(T a, java.util.function.Supplier<T> b) {
  return a != null ? a : b.get();
}`,
  truthy: `/** Tells whether a number counts as true: not null, 0 or NaN. */
static boolean truthy(Double x) {
  return x != null && x != 0 && !x.isNaN();
}`,
  text: `/** Writes a number as text, whole numbers without a point. */
static String text(Double x) {
  if (x == null) return null;
  if (x.isNaN() || x.isInfinite()) return x.isNaN() ? "NaN" : x > 0 ? "Infinity" : "-Infinity";
  if (x == Math.rint(x) && Math.abs(x) < 1e21) return new java.math.BigDecimal(x).toBigInteger().toString();
  return x.toString();
}`,
  number: `/** Reads text as a number; NaN when it is none. */
static Double number(String s) {
  if (s == null) return null;
  try {
    return s.isBlank() ? 0.0 : Double.parseDouble(s.strip());
  } catch (NumberFormatException e) {
    return Double.NaN;
  }
}`,
  substring: `/** The part from start to end, in either order, cut to what there is. */
static String substring(String s, double start, double end) {
  int a = (int) Math.max(0, Math.min(s.length(), start));
  int b = (int) Math.max(0, Math.min(s.length(), end));
  return s.substring(Math.min(a, b), Math.max(a, b));
}`,
};

/** Prints a value. */
export function printJava(expression: RowExpression, options: JavaOptions): Printed {
  const printer = new JavaPrinter(expression, options);
  return printer.printed(printer.value(expression.expr));
}

/** Prints a condition of type `boolean`. */
export function printJavaCondition(expression: RowExpression, options: JavaOptions): Printed {
  const printer = new JavaPrinter(expression, options);
  return printer.printed(printer.condition(expression.expr));
}

/** Writes a scalar as a Java literal; numbers are always doubles. */
export function javaLiteral(value: number | string | boolean | null): string {
  if (typeof value === "string") return javaText(value);
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value))
    return Number.isNaN(value) ? "Double.NaN" : value > 0 ? "Double.POSITIVE_INFINITY" : "Double.NEGATIVE_INFINITY";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text.replace("e+", "e") : `${text}.0`;
}

function javaText(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    const code = text.charCodeAt(i);
    if (c === '"' || c === "\\") out += `\\${c}`;
    else if (c === "\n" || c === "\r") out += c === "\n" ? "\\n" : "\\r";
    else if (code < 32 || code > 126) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += c;
  }
  return `${out}"`;
}

interface Operand {
  readonly printed: Fragment;
  readonly nullable: boolean;
}

class JavaPrinter {
  readonly findings = new Findings();
  readonly #expression: RowExpression;
  readonly #options: JavaOptions;
  #names = 0;

  constructor(expression: RowExpression, options: JavaOptions) {
    this.#expression = expression;
    this.#options = options;
  }

  /** Adds the imports the text needs. */
  printed(fragment: Fragment): Printed {
    for (const name of ["Objects", "Locale", "Arrays", "Pattern", "Matcher", "Instant", "ZoneOffset", "ZoneId"])
      if (new RegExp(`\\b${name}\\b`).test(fragment.text.replace(/"(?:[^"\\]|\\.)*"/g, "")))
        this.findings.helper(name, HELPERS);
    return this.findings.printed(fragment.text);
  }

  #helper(name: string): string {
    return this.findings.helper(name, HELPERS);
  }

  #type(expr: Expr): InferredType {
    return inferType(expr, this.#options.schemas, this.#expression.parameters);
  }

  condition(expr: Expr): Fragment {
    if (expr.kind === "unary" && expr.operator === "!")
      return { text: `!${within(this.condition(expr.argument), UNARY)}`, binds: UNARY };
    if (expr.kind === "logical" && expr.operator !== "??") {
      const binds = expr.operator === "&&" ? AND : OR;
      return {
        text: [expr.left, expr.right].map(e => within(this.condition(e), binds)).join(` ${expr.operator} `),
        binds,
      };
    }
    const { type, nullable } = this.#type(expr);
    const printed = this.value(expr);
    switch (type) {
      case "boolean":
        return nullable ? atom(`Boolean.TRUE.equals(${printed.text})`) : printed;
      case "number":
      case "timestamp":
        return atom(`${this.#helper("truthy")}(${printed.text})`);
      case "string":
        return this.#ifPresent([{ printed, nullable }], ([s]) => ({
          text: `!${within(s, ATOM)}.isEmpty()`,
          binds: UNARY,
        }));
      case "null":
        return atom("false");
      case "json":
        return this.findings.cannot(
          "condition",
          "whether a json value counts as true cannot be said in Java; compare it with something",
        );
    }
  }

  value(expr: Expr): Fragment {
    switch (expr.kind) {
      case "literal":
        return literalFragment(expr.value);
      case "column":
        return this.#column(expr.name, expr.side);
      case "parameter": {
        const value = parameterValue(this.#expression.parameters, expr.name);
        if (this.#options.parameter !== undefined) return atom(this.#options.parameter(expr.name, value));
        if (typeof value === "object" && value !== null)
          return this.findings.cannot(expr.name, "its value is not a number, text or boolean");
        return literalFragment(value);
      }
      case "unary":
        return this.#unary(expr.operator, expr.argument);
      case "binary":
        return this.#binary(expr);
      case "logical":
        return this.#logical(expr);
      case "conditional":
        return this.#choose(this.condition(expr.test), expr.consequent, expr.alternate, expr);
      case "call":
        return this.#call(expr);
      case "aggregate":
        return this.findings.cannot(`op.${expr.name}`, "an aggregate stands where a row's value is wanted");
      case "member":
        return this.findings.cannot(
          "json field",
          "reaching into json is not printed for Java yet; derive the field as a column first",
        );
      case "opaque":
        return this.findings.cannot(expr.source, `it is not in the expression language: ${expr.reason}`);
    }
  }

  #column(name: string, side: Side): Fragment {
    if (this.#options.column !== undefined) return atom(this.#options.column(name, side));
    if (!/^[A-Za-z_$][\w$]*$/.test(name))
      return this.findings.cannot(name, "it is not a name in Java; rename the column first");
    return atom(`${this.#options.schemas.length < 2 ? "row" : side === 0 ? "left" : "right"}.${name}`);
  }

  /** A choice between a boxed and a primitive value unboxes both, so both are boxed when one may be null. */
  #choose(test: Fragment, consequent: Expr, alternate: Expr, whole: Expr): Fragment {
    const { type, nullable } = this.#type(whole);
    if (type === "json")
      return this.findings.cannot("?:", "its two results have different types, which a column cannot hold");
    const [a, b] = [consequent, alternate].map(e => {
      const printed = this.value(e);
      if (!nullable || this.#type(e).type === "null") return within(printed, CONDITIONAL + 1);
      return `(${boxOf(type)}) ${within(printed, UNARY + 1)}`;
    });
    return { text: `${within(test, CONDITIONAL + 1)} ? ${a} : ${b}`, binds: CONDITIONAL };
  }

  /** Prints an operation that is null when an operand is. */
  #orNull(operands: readonly Operand[], write: (names: readonly Fragment[]) => Fragment): Fragment {
    const { subjects, longer, names } = this.#subjects(operands);
    const body = write(names);
    let printed = body;
    if (subjects.length > 0) {
      const tests = subjects.map(s => `${s} == null`).join(" || ");
      printed = { text: `${tests} ? null : ${within(body, CONDITIONAL + 1)}`, binds: CONDITIONAL };
      if (longer.length === 0) return { ...printed, guarded: { subjects, body } };
    }
    return this.#through("orNull", longer, printed);
  }

  /** Prints a test that fails when an operand is null. */
  #ifPresent(operands: readonly Operand[], write: (names: readonly Fragment[]) => Fragment): Fragment {
    const { subjects, longer, names } = this.#subjects(operands);
    const body = write(names);
    const printed: Fragment =
      subjects.length === 0
        ? body
        : { text: [...subjects.map(s => `${s} != null`), within(body, AND)].join(" && "), binds: AND };
    return this.#through("holds", longer, printed);
  }

  /** Hands longer operands to a helper, which tests them and gives them a name. */
  #through(
    helper: "orNull" | "holds",
    longer: readonly { readonly name: string; readonly text: string }[],
    inner: Fragment,
  ): Fragment {
    return longer.reduceRight(
      (body, { name, text }) => atom(`${this.#helper(helper)}(${text}, ${name} -> ${body.text})`),
      inner,
    );
  }

  /** Finds what has to be tested before operands can be used, and what to use then. */
  #subjects(operands: readonly Operand[]): {
    readonly subjects: readonly string[];
    readonly longer: readonly { readonly name: string; readonly text: string }[];
    readonly names: readonly Fragment[];
  } {
    const subjects = new Set<string>();
    const longer: { readonly name: string; readonly text: string }[] = [];
    const names = operands.map(({ printed, nullable }) => {
      if (!nullable) return printed;
      if (printed.guarded !== undefined) {
        for (const subject of printed.guarded.subjects) subjects.add(subject);
        return printed.guarded.body;
      }
      if (/^[\w$.]+$/.test(printed.text)) {
        subjects.add(printed.text);
        return printed;
      }
      const name = `v${++this.#names}`;
      longer.push({ name, text: printed.text });
      return atom(name);
    });
    return { subjects: [...subjects], longer, names };
  }

  #operand(expr: Expr, as: "number" | "text" | "any"): Operand {
    const { nullable } = this.#type(expr);
    return {
      printed: as === "number" ? this.#number(expr) : as === "text" ? this.#text(expr) : this.value(expr),
      nullable,
    };
  }

  #number(expr: Expr): Fragment {
    const { type, nullable } = this.#type(expr);
    const printed = this.value(expr);
    switch (type) {
      case "number":
      case "timestamp":
      case "null":
        return printed;
      case "string":
        return atom(`${this.#helper("number")}(${printed.text})`);
      case "boolean":
        return this.#orNull([{ printed, nullable }], ([b]) => ({
          text: `${within(b, CONDITIONAL + 1)} ? 1.0 : 0.0`,
          binds: CONDITIONAL,
        }));
      case "json":
        return this.findings.cannot("json as a number", "derive it as a typed column first");
    }
  }

  #text(expr: Expr): Fragment {
    const { type, nullable } = this.#type(expr);
    const printed = this.value(expr);
    switch (type) {
      case "string":
      case "null":
        return printed;
      case "number":
      case "timestamp":
        this.findings.note("Fractions may be written with an exponent earlier than in the notebook.");
        return atom(`${this.#helper("text")}(${printed.text})`);
      case "boolean":
        return this.#orNull([{ printed, nullable }], ([b]) => atom(`String.valueOf(${b.text})`));
      case "json":
        return this.findings.cannot("json as text", "derive it as a typed column first");
    }
  }

  #unary(operator: string, argument: Expr): Fragment {
    if (operator === "!") return this.condition({ kind: "unary", operator: "!", argument });
    if (operator === "+") return this.#number(argument);
    if (operator !== "-") return this.findings.cannot(operator, "Java has no such operator on doubles");
    return this.#orNull([this.#operand(argument, "number")], ([a]) => ({
      text: `-${a.text.startsWith("-") ? `(${a.text})` : within(a, UNARY)}`,
      binds: UNARY,
    }));
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
        if (leftType.type === "null" || rightType.type === "null") return atom("false");
        const texts = leftType.type === "string" && rightType.type === "string";
        const operands = [left, right].map(e => this.#operand(e, texts ? "any" : "number"));
        return this.#ifPresent(operands, ([a, b]) => ({
          text: texts
            ? `${within(a, ATOM)}.compareTo(${b.text}) ${operator} 0`
            : `${within(a, COMPARISON + 1)} ${operator} ${within(b, COMPARISON + 1)}`,
          binds: COMPARISON,
        }));
      }
      case "**":
        return this.#orNull([this.#operand(left, "number"), this.#operand(right, "number")], ([a, b]) =>
          atom(`Math.pow(${a.text}, ${b.text})`),
        );
      case "+":
      case "-":
      case "*":
      case "/":
      case "%": {
        if (leftType.type === "null" || rightType.type === "null") return atom("null");
        const texts = operator === "+" && (leftType.type === "string" || rightType.type === "string");
        if (operator === "+" && !texts && (leftType.type === "json" || rightType.type === "json"))
          return this.findings.cannot("+", "whether json values are added or joined depends on what they are");
        const binds = INFIX[operator];
        return this.#orNull(
          [left, right].map(e => this.#operand(e, texts ? "text" : "number")),
          ([a, b]) => ({ text: `${within(a, binds)} ${operator} ${within(b, binds + 1)}`, binds }),
        );
      }
      default:
        return this.findings.cannot(operator, "JavaScript's 32-bit operators convert doubles in a way Java does not");
    }
  }

  #equality(expr: BinaryExpr, left: InferredType, right: InferredType): Fragment {
    const negated = expr.operator.startsWith("!");
    const symbol = negated ? "!=" : "==";
    if (left.type === "null" || right.type === "null") {
      const [tested, type] = left.type === "null" ? [expr.right, right] : [expr.left, left];
      if (!type.nullable) return atom(String(negated));
      return { text: `${within(this.value(tested), EQUALITY + 1)} ${symbol} null`, binds: EQUALITY };
    }
    if (left.type === "json" || right.type === "json")
      return this.findings.cannot(expr.operator, "comparing json values is not printed in Java");
    const [a, b] = [this.value(expr.left), this.value(expr.right)];
    const not = (f: Fragment): Fragment => (negated ? { text: `!${within(f, UNARY)}`, binds: UNARY } : f);
    if (kind(left) !== kind(right)) {
      if (expr.operator.length === 2)
        return this.findings.cannot(expr.operator, "its two sides have different types; convert one of them first");
      const bothNull: Fragment = {
        text: `${within(a, EQUALITY + 1)} == null && ${within(b, EQUALITY + 1)} == null`,
        binds: AND,
      };
      return not(left.nullable && right.nullable ? bothNull : atom("false"));
    }
    if (kind(left) !== "number") return not(atom(`Objects.equals(${a.text}, ${b.text})`));
    // Casts, because `==` on two boxed numbers compares identities.
    const same = ([x, y]: readonly Fragment[]): Fragment => ({
      text: `(double) ${within(x, UNARY)} == (double) ${within(y, UNARY)}`,
      binds: EQUALITY,
    });
    const operands = [
      { printed: a, nullable: left.nullable },
      { printed: b, nullable: right.nullable },
    ];
    if (!left.nullable || !right.nullable) return not(this.#ifPresent(operands, same));
    const [x, y] = [a, b].map(f => within(f, EQUALITY + 1));
    return not({
      text: `(${x} == null ? ${y} == null : ${this.#ifPresent([{ printed: a, nullable: false }, operands[1]], same).text})`,
      binds: 100,
    });
  }

  #logical(expr: LogicalExpr): Fragment {
    const [left, right] = [this.#type(expr.left), this.#type(expr.right)];
    if (kind(left) !== kind(right) && left.type !== "null" && right.type !== "null")
      return this.findings.cannot(expr.operator, "its two sides have different types, which a column cannot hold");
    if (expr.operator === "??") {
      if (!left.nullable) return this.value(expr.left);
      const box = boxOf(this.#type(expr).type);
      return atom(
        `${this.#helper("coalesce")}((${box}) ${within(this.value(expr.left), UNARY + 1)}, () -> (${box}) ${within(this.value(expr.right), UNARY + 1)})`,
      );
    }
    if (left.type === "boolean" && right.type === "boolean" && !left.nullable && !right.nullable)
      return this.condition(expr);
    const test = this.condition(expr.left);
    return expr.operator === "&&"
      ? this.#choose(test, expr.right, expr.left, expr)
      : this.#choose(test, expr.left, expr.right, expr);
  }

  #call(expr: CallExpr): Fragment {
    const fn = functionNamed(expr.name);
    const args = expr.arguments;
    switch (expr.name) {
      case "boolean":
        return this.condition(args[0]);
      case "string":
        return this.#text(args[0]);
      case "number":
      case "parse_float":
        return this.#number(args[0]);
      case "coalesce":
        return this.value(args.reduceRight((right, left) => ({ kind: "logical", operator: "??", left, right })));
      case "matches":
        return this.#matches(expr);
      case "substring": {
        const operands = args.map((a, i) => this.#operand(a, i === 0 ? "text" : "number"));
        const name = this.#helper("substring");
        return this.#orNull(operands, names =>
          atom(
            `${name}(${names.map(n => n.text).join(", ")}${names.length === 2 ? ", Double.POSITIVE_INFINITY" : ""})`,
          ),
        );
      }
      case "length":
      case "includes":
      case "indexof":
      case "lastindexof":
        if (this.#type(args[0]).type !== "string")
          return this.findings.cannot(`op.${expr.name}`, "it is printed for text only");
    }
    const template = typeof fn.java === "function" ? fn.java(args.length) : fn.java;
    if (template === undefined) return this.findings.cannot(`op.${expr.name}`, "Java has no equal that is known");
    const operands = args.map((a, i) => this.#argument(parameterAt(fn, i), a));
    // A part of a date or a length is an int in Java; numbers are doubles here.
    const isInt = fn.result === "number" && !/^Math\.(?!floor|round)|^Double/.test(template);
    const write = (names: readonly Fragment[]): Fragment => {
      if (expr.name === "concat") return { text: names.map(n => within(n, ADDITIVE + 1)).join(" + "), binds: ADDITIVE };
      const filled = fillTemplate(expr.name === "repeat" ? "$1.repeat((int) $2)" : template, names);
      const printed: Fragment = isAtomic(filled) ? atom(filled) : { text: filled, binds: 0 };
      const cast = isInt || (typeof fn.result === "object" && fn.result.ofText === "number");
      return cast ? { text: `(double) ${within(printed, UNARY)}`, binds: UNARY } : printed;
    };
    return fn.nulls === "seen"
      ? write(operands.map(o => o.printed))
      : fn.nulls === "false"
        ? this.#ifPresent(operands, write)
        : this.#orNull(operands, write);
  }

  #argument(type: ParameterType, expr: Expr): Operand {
    if (type === "number") return this.#operand(expr, "number");
    if (type === "string") return this.#operand(expr, "text");
    const inferred = this.#type(expr).type;
    if (type === "time" && inferred !== "number" && inferred !== "timestamp")
      return { printed: this.findings.cannot("time from text", "derive it with op.timestamp first"), nullable: false };
    if (type === "time") {
      const { printed, nullable } = this.#operand(expr, "number");
      return { printed: nullable ? printed : { text: `(double) ${within(printed, UNARY)}`, binds: UNARY }, nullable };
    }
    return this.#operand(expr, "any");
  }

  #matches(expr: CallExpr): Fragment {
    const [text, pattern, flags] = expr.arguments;
    if (pattern.kind !== "literal" || flags.kind !== "literal")
      return this.findings.cannot("regular expression", "its pattern must be known beforehand");
    this.findings.note("Regular expressions follow Java's rules, which differ from JavaScript's in rarer constructs.");
    const known: Readonly<Record<string, string>> = {
      i: "Pattern.CASE_INSENSITIVE",
      m: "Pattern.MULTILINE",
      s: "Pattern.DOTALL",
    };
    const options = [...String(flags.value)].flatMap(letter => known[letter] ?? []);
    const compiled = `Pattern.compile(${[javaText(String(pattern.value)), ...(options.length > 0 ? [options.join(" | ")] : [])].join(", ")})`;
    return this.#ifPresent([this.#operand(text, "text")], ([s]) => atom(`${compiled}.matcher(${s.text}).find()`));
  }
}

function literalFragment(value: string | number | boolean | null): Fragment {
  const text = javaLiteral(value);
  return text.startsWith("-") ? { text, binds: UNARY } : atom(text);
}

function kind(type: InferredType): string {
  return type.type === "timestamp" ? "number" : type.type;
}

function boxOf(type: InferredType["type"]): string {
  return type === "boolean" ? "Boolean" : type === "string" ? "String" : type === "null" ? "Object" : "Double";
}
