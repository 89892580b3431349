/** Random expressions and random batches with every awkward value: nulls, NaN, infinities, −0, unicode, nested json. */
import fc from "fast-check";
import { type Batch } from "../../src/columns/batch.ts";
import { BatchBuilder } from "../../src/columns/builder.ts";
import type { Schema, Value } from "../../src/columns/column.ts";
import { Dictionary } from "../../src/columns/dictionary.ts";
import { FUNCTIONS, parameterAt } from "../../src/expressions/functions.ts";
import type { BinaryOperator, Expr, LogicalOperator, UnaryOperator } from "../../src/expressions/tree.ts";

/** One column of each type, with and without nulls. */
export const SCHEMA: Schema = [
  { name: "a", type: "number", nullable: true },
  { name: "b", type: "number", nullable: false },
  { name: "t", type: "timestamp", nullable: true },
  { name: "f", type: "boolean", nullable: true },
  { name: "g", type: "boolean", nullable: false },
  { name: "s", type: "string", nullable: true },
  { name: "u", type: "string", nullable: false },
  { name: "odd name", type: "string", nullable: true },
  { name: "j", type: "json", nullable: true },
];

export const PARAMETERS: Readonly<Record<string, Value>> = {
  threshold: 2.5,
  word: "x",
  flag: true,
  nothing: null,
  list: ["x", "é", 1, null],
};

const numbers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.double({ min: -100, max: 100, noNaN: true }),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 0.1, 1e21, 2 ** 31, 1_700_000_000_000.25),
);
const texts = fc.oneof(
  fc.constantFrom(
    "",
    "x",
    "X",
    "12",
    " 3.5 ",
    "é",
    "e\u0301",
    "ß",
    "💥x",
    "null",
    "2024-03-31T01:30:00Z",
    "2024-03-31",
    '{"k":1}',
    "\u2028",
  ),
  fc.string({ maxLength: 5 }),
);
const times = fc.oneof(
  fc.constantFrom(1_711_848_600_000, -1, 0, 951_782_400_000.5),
  fc.double({ min: -1e13, max: 1e13, noNaN: true }),
);
const { value: jsons } = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(fc.constant(null), fc.boolean(), numbers, texts) as fc.Arbitrary<Value>,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("k", "length", "toString", "__proto__", "valueOf"), tie("value"), {
      maxKeys: 3,
    }) as fc.Arbitrary<Value>,
  ),
}));

/** A dictionary long enough that kernels fill their tables row by row. Texts are only ever added, as in a stream. */
const LONG = new Dictionary(Array.from({ length: 1_500 }, (_, i) => `text ${i}`));

export const batches: fc.Arbitrary<Batch> = fc
  .tuple(
    fc.boolean(),
    fc.boolean(),
    fc.array(fc.tuple(numbers, numbers, times, fc.boolean(), fc.boolean(), texts, texts, texts, jsons, fc.nat(63)), {
      maxLength: 12,
    }),
  )
  .map(([withNulls, long, rows]) => {
    const builder = new BatchBuilder(SCHEMA, long ? SCHEMA.map(() => LONG) : []);
    for (const [a, b, t, f, g, s, u, odd, j, nulls] of rows) {
      const or = <T>(bit: number, value: T): T | null => (withNulls && (nulls & bit) !== 0 ? null : value);
      builder.append([or(1, a), b, or(2, t), or(4, f), g, or(8, s), u, or(16, odd), or(32, j)]);
    }
    return builder.take();
  });

const literals: fc.Arbitrary<Expr> = fc
  .oneof(
    numbers.filter(n => Number.isFinite(n) && n >= 0 && !Object.is(n, -0)) as fc.Arbitrary<
      number | string | boolean | null
    >,
    texts,
    fc.boolean(),
    fc.constant(null),
  )
  .map(value => ({ kind: "literal", value }) as const);

const columns: fc.Arbitrary<Expr> = fc.constantFrom(
  ...SCHEMA.map(f => ({ kind: "column", name: f.name, side: 0 }) as const),
);
const parameters: fc.Arbitrary<Expr> = fc.constantFrom(
  ...Object.keys(PARAMETERS).map(name => ({ kind: "parameter", name }) as const),
);

const UNARY: UnaryOperator[] = ["-", "+", "!", "~", "typeof"];
const BINARY: BinaryOperator[] = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "**",
  "&",
  "|",
  "^",
  "<<",
  ">>",
  ">>>",
  "<",
  "<=",
  ">",
  ">=",
  "==",
  "!=",
  "===",
  "!==",
];
const LOGICAL: LogicalOperator[] = ["&&", "||", "??"];
const PATTERNS = ["x", "^(\\d+)(?<rest>.*)$", "[é💥]", "a|b", "/", "(?:)"];
const ZONES = ["UTC", "Europe/London", "Asia/Kathmandu"];

/** Functions whose patterns and zones must be well-formed get them from a list. */
function fixedArgument(name: string, index: number): readonly string[] | undefined {
  if (["matches", "match", "replace_matches", "split_matches"].includes(name)) {
    if (index === 1) return PATTERNS;
    if (index === 2) return ["", "g", "iu"];
  }
  if (FUNCTIONS.get(name)?.parameters[0] === "time" && index === 1 && name !== "format_date") return ZONES;
  return name === "timestamp" && index === 1 ? ZONES : undefined;
}

export const { expression: expressions } = fc.letrec<{ expression: Expr }>(tie => {
  const expression = tie("expression");
  const calls = fc.constantFrom(...FUNCTIONS.values()).chain(fn =>
    fc.integer({ min: fn.required, max: fn.variadic ? fn.required + 2 : fn.parameters.length }).chain(count =>
      fc
        .tuple(
          ...Array.from({ length: fn.name === "object_of" ? count * 2 : count }, (_, i): fc.Arbitrary<Expr> => {
            const fixed = fixedArgument(fn.name, i);
            if (fixed !== undefined)
              return fc.constantFrom(...fixed.map(value => ({ kind: "literal", value }) as const));
            if (fn.name === "object_of" && i % 2 === 0)
              return fc.constantFrom("k", "x", "__proto__").map(value => ({ kind: "literal", value }) as const);
            return parameterAt(fn, i) === "number" ? fc.oneof(columns, expression) : expression;
          }),
        )
        .map((args): Expr => ({ kind: "call", name: fn.name, arguments: args })),
    ),
  );
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      { arbitrary: fc.oneof(columns, literals, parameters), weight: 2 },
      {
        arbitrary: fc
          .tuple(fc.constantFrom(...BINARY), expression, expression)
          .map(([operator, left, right]): Expr => ({ kind: "binary", operator, left, right })),
        weight: 4,
      },
      {
        arbitrary: fc
          .tuple(fc.constantFrom(...LOGICAL), expression, expression)
          .map(([operator, left, right]): Expr => ({ kind: "logical", operator, left, right })),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(fc.constantFrom(...UNARY), expression)
          .map(([operator, argument]): Expr => ({ kind: "unary", operator, argument })),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(expression, expression, expression)
          .map(([test, consequent, alternate]): Expr => ({ kind: "conditional", test, consequent, alternate })),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(expression, expression)
          .map(([object, property]): Expr => ({ kind: "member", object, property })),
        weight: 1,
      },
      { arbitrary: calls, weight: 5 },
    ),
  };
});
