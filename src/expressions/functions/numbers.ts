/** Functions of numbers. Names are Arquero's; `Math.*` is normalised to them. */
import type { ScalarFunction } from "./record.ts";
import { scalar } from "./record.ts";

/** A function of `Math` with one argument, inlined in kernels, named alike in SQL unless told otherwise. */
function math(
  name: string,
  about: string,
  apply: (x: number) => number,
  sql?: string,
  python?: string,
): ScalarFunction {
  return scalar(name, about, ["number"], "number", apply, {
    code: `Math.${name}($1)`,
    sql: sql ?? `${name.toUpperCase()}($1)`,
    python: python ?? `math.${name}($1)`,
    java: `Math.${name}($1)`,
  });
}

/** Divides the line into steps and gives the start of the one that holds `x`. */
function bin(x: number, step: number, offset = 0): number {
  return Math.floor((x - offset) / step) * step + offset;
}

/** Arquero's `bin`: steps from `min`, infinities outside `[min, max]`. */
function binWithin(x: number, min: number, max: number, step: number, offset = 0): number {
  if (x < min) return -Infinity;
  if (x > max) return Infinity;
  return min + step * Math.floor(1e-14 + (x - min) / step + offset);
}

export const NUMBER_FUNCTIONS: readonly ScalarFunction[] = [
  math("abs", "the absolute value", Math.abs, "ABS($1)", "abs($1)"),
  math("ceil", "the next whole number above", Math.ceil),
  math("floor", "the next whole number below", Math.floor),
  scalar("round", "the nearest whole number, halves up", ["number"], "number", Math.round, {
    code: "Math.round($1)",
    sql: "FLOOR($1 + 0.5)",
    python: "math.floor($1 + 0.5)",
    java: "Math.floor($1 + 0.5)",
  }),
  math("trunc", "the whole part", Math.trunc),
  scalar("sign", "−1, 0 or 1", ["number"], "number", Math.sign, {
    code: "Math.sign($1)",
    sql: "SIGN($1)",
    python: "math.copysign(1, $1) if $1 else 0",
    java: "Math.signum($1)",
  }),
  math("sqrt", "the square root", Math.sqrt),
  math("cbrt", "the cube root", Math.cbrt),
  math("exp", "e to the power", Math.exp),
  math("expm1", "e to the power, less 1", Math.expm1, "EXP($1) - 1"),
  math("log", "the natural logarithm", Math.log, "LN($1)"),
  math("log2", "the logarithm to base 2", Math.log2),
  math("log10", "the logarithm to base 10", Math.log10),
  math("log1p", "the natural logarithm of 1 + x", Math.log1p, "LN(1 + $1)"),
  math("sin", "the sine", Math.sin),
  math("cos", "the cosine", Math.cos),
  math("tan", "the tangent", Math.tan),
  math("asin", "the arc sine", Math.asin),
  math("acos", "the arc cosine", Math.acos),
  math("atan", "the arc tangent", Math.atan),
  scalar("atan2", "the angle of (x, y)", ["number", "number"], "number", Math.atan2, {
    code: "Math.atan2($1, $2)",
    sql: "ATAN2($1, $2)",
    python: "math.atan2($1, $2)",
    java: "Math.atan2($1, $2)",
  }),
  scalar("pow", "a power", ["number", "number"], "number", (x: number, y: number) => x ** y, {
    code: "($1 ** $2)",
    sql: "POWER($1, $2)",
    python: "math.pow($1, $2)",
    java: "Math.pow($1, $2)",
  }),
  scalar("degrees", "radians as degrees", ["number"], "number", (x: number) => (180 * x) / Math.PI, {
    sql: "DEGREES($1)",
    python: "math.degrees($1)",
    java: "Math.toDegrees($1)",
  }),
  scalar("radians", "degrees as radians", ["number"], "number", (x: number) => (Math.PI * x) / 180, {
    sql: "RADIANS($1)",
    python: "math.radians($1)",
    java: "Math.toRadians($1)",
  }),
  scalar("greatest", "the greatest argument", ["number"], "same", Math.max, {
    variadic: true,
    code: "Math.max($*)",
    sql: "GREATEST($*)",
    python: count => (count === 1 ? "$1" : "max($*)"),
    java: nested("Math.max"),
  }),
  scalar("least", "the least argument", ["number"], "same", Math.min, {
    variadic: true,
    code: "Math.min($*)",
    sql: "LEAST($*)",
    python: count => (count === 1 ? "$1" : "min($*)"),
    java: nested("Math.min"),
  }),
  scalar("bin", "the start of the step that holds x", ["number", "number", "number"], "same", bin, {
    required: 2,
    sql: count => (count === 2 ? "FLOOR($1 / $2) * $2" : "FLOOR(($1 - $3) / $2) * $2 + $3"),
    python: count => (count === 2 ? "math.floor($1 / $2) * $2" : "math.floor(($1 - $3) / $2) * $2 + $3"),
    java: count => (count === 2 ? "Math.floor($1 / $2) * $2" : "Math.floor(($1 - $3) / $2) * $2 + $3"),
  }),
  scalar(
    "bin_within",
    "the start of the step that holds x, in a range",
    ["number", "number", "number", "number", "number"],
    "number",
    binWithin,
    { required: 4 },
  ),
  scalar("is_nan", "whether it is NaN", ["any"], "boolean", (x: unknown) => Number.isNaN(x), {
    nulls: "false",
    sql: "ISNAN($1)",
    python: "math.isnan($1)",
    java: "Double.isNaN($1)",
  }),
  scalar("is_finite", "whether it is a finite number", ["any"], "boolean", (x: unknown) => Number.isFinite(x), {
    nulls: "false",
    sql: "ISFINITE($1)",
    python: "math.isfinite($1)",
    java: "Double.isFinite($1)",
  }),
  scalar("to_fixed", "text with n decimals", ["number", "number"], "string", toFixed, {
    required: 1,
    nullable: true,
    python: count => (count === 1 ? "format($1, '.0f')" : "format($1, f'.{$2}f')"),
    java: count => (count === 1 ? 'String.format("%.0f", $1)' : 'String.format("%." + (int) ($2) + "f", $1)'),
  }),
  scalar("nan", "not a number", [], "number", () => NaN, {
    code: "NaN",
    sql: "CAST('NaN' AS DOUBLE)",
    python: "math.nan",
    java: "Double.NaN",
  }),
  scalar("infinity", "infinity", [], "number", () => Infinity, {
    code: "Infinity",
    sql: "CAST('Infinity' AS DOUBLE)",
    python: "math.inf",
    java: "Double.POSITIVE_INFINITY",
  }),
];

/** Java's `Math.max` takes two arguments, so more of them nest. */
function nested(name: string): (count: number) => string {
  return count => {
    let text = `$${count}`;
    for (let i = count - 1; i >= 1; i--) text = `${name}($${i}, ${text})`;
    return text;
  };
}

function toFixed(x: number, digits = 0): string | null {
  return digits >= 0 && digits <= 100 ? x.toFixed(digits) : null;
}
