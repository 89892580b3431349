/**
 * Random expressions that every target can say: each part has the type its place wants, numbers are finite, and nothing
 * depends on how a target spells a number or orders text. Used to run printed expressions on the targets themselves.
 */
import fc from "fast-check";
import type { Batch } from "../../src/columns/batch.ts";
import { batchOf } from "../../src/columns/builder.ts";
import type { Schema } from "../../src/columns/column.ts";
import type { BinaryOperator, Expr, LogicalOperator } from "../../src/expressions/tree.ts";

export const TYPED_SCHEMA: Schema = [
  { name: "a", type: "number", nullable: true },
  { name: "b", type: "number", nullable: false },
  { name: "t", type: "timestamp", nullable: false },
  { name: "f", type: "boolean", nullable: true },
  { name: "g", type: "boolean", nullable: false },
  { name: "s", type: "string", nullable: true },
  { name: "u", type: "string", nullable: false },
];

const TEXTS = ["", "x", "Xy", "it's", 'say "hi"', "back\\slash", "é", "$1"];

/** A small table with nulls in every place. */
export const TYPED_BATCH: Batch = batchOf(
  TYPED_SCHEMA,
  Array.from({ length: 16 }, (_, i) => ({
    a: i % 4 === 0 ? null : [0, 1, -2.5, 3, 7.25][i % 5],
    b: [1, 0, -3, 2.5, 10, -0.5][i % 6],
    t: [0, 1_711_848_600_000, 951_782_400_000, 1_700_000_000_500, -86_400_000][i % 5],
    f: i % 3 === 0 ? null : i % 2 === 0,
    g: i % 4 < 2,
    s: i % 5 === 0 ? null : TEXTS[i % TEXTS.length],
    u: TEXTS[(i * 3) % TEXTS.length],
  })),
);

const column = (name: string): Expr => ({ kind: "column", name, side: 0 });
const literal = (value: string | number | boolean): Expr => ({ kind: "literal", value });
const call = (name: string, ...args: Expr[]): Expr => ({ kind: "call", name, arguments: args });

export const {
  condition: conditions,
  number: numbers,
  text: texts,
} = fc.letrec<{ number: Expr; text: Expr; condition: Expr }>(tie => {
  const [number, text, condition] = [tie("number"), tie("text"), tie("condition")];
  const choice = (of: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> =>
    fc
      .tuple(condition, of, of)
      .map(([test, consequent, alternate]) => ({ kind: "conditional", test, consequent, alternate }));
  const either = (of: fc.Arbitrary<Expr>, ...operators: LogicalOperator[]): fc.Arbitrary<Expr> =>
    fc
      .tuple(fc.constantFrom(...operators), of, of)
      .map(([operator, left, right]) => ({ kind: "logical", operator, left, right }));
  const binary = (of: fc.Arbitrary<Expr>, ...operators: BinaryOperator[]): fc.Arbitrary<Expr> =>
    fc
      .tuple(fc.constantFrom(...operators), of, of)
      .map(([operator, left, right]) => ({ kind: "binary", operator, left, right }));
  const some = { depthSize: "small", withCrossShrink: true } as const;
  return {
    number: fc.oneof(
      some,
      fc.constantFrom(column("a"), column("b"), literal(2), literal(0.5), literal(0)),
      binary(number, "+", "-", "*"),
      number.map((argument): Expr => ({ kind: "unary", operator: "-", argument })),
      number.map((left): Expr => ({ kind: "binary", operator: "/", left, right: literal(4) })),
      fc.tuple(fc.constantFrom("abs", "floor", "ceil"), number).map(([name, x]) => call(name, x)),
      fc.tuple(number, number).map(args => call("least", ...args)),
      number.map(x => call("bin", x, literal(2))),
      fc
        .constantFrom("year", "month", "date", "hours", "minutes", "dayofweek", "dayofyear")
        .map(name => call(name, column("t"))),
      text.map(s => call("length", s)),
      fc.tuple(number, number).map(args => call("coalesce", ...args)),
      choice(number),
      either(number, "??", "&&", "||"),
    ),
    text: fc.oneof(
      some,
      fc.constantFrom(column("s"), column("u"), ...TEXTS.map(literal)),
      binary(text, "+"),
      fc.tuple(fc.constantFrom("upper", "lower", "trim"), text).map(([name, s]) => call(name, s)),
      text.map(s => call("substring", s, literal(1), literal(3))),
      fc
        .tuple(text, fc.constantFrom("x", "é"))
        .map(([s, search]) => call("replace_all", s, literal(search), literal("z"))),
      choice(text),
      either(text, "??", "&&", "||"),
    ),
    condition: fc.oneof(
      some,
      fc.constantFrom(column("f"), column("g"), literal(true)),
      binary(number, "<", "<=", ">", ">=", "===", "!=="),
      binary(text, "===", "!=="),
      binary(condition, "===", "!=="),
      fc
        .tuple(fc.constantFrom("startswith", "endswith", "includes"), text, fc.constantFrom("x", "'", "é"))
        .map(([name, s, search]) => call(name, s, literal(search))),
      text.map(s => call("matches", s, literal("^[xX]"), literal(""))),
      fc.tuple(fc.oneof(number, text, condition), fc.boolean()).map(
        ([left, equal]): Expr => ({
          kind: "binary",
          operator: equal ? "===" : "!==",
          left,
          right: { kind: "literal", value: null },
        }),
      ),
      fc.oneof(condition, number, text).map((argument): Expr => ({ kind: "unary", operator: "!", argument })),
      either(condition, "&&", "||", "??"),
      choice(condition),
    ),
  };
});
