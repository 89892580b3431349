/** Which JavaScript names mean which functions of the registry: `op.*` aliases, `Math.*`, globals and methods. */

/** Other names of `op` functions: Arquero's UTC parts, singulars, and what people type. */
export const ALIASES: Readonly<Record<string, string>> = {
  utcyear: "year",
  utcquarter: "quarter",
  utcmonth: "month",
  utcdate: "date",
  utcdayofyear: "dayofyear",
  utcdayofweek: "dayofweek",
  utchours: "hours",
  utcminutes: "minutes",
  utcseconds: "seconds",
  utcmilliseconds: "milliseconds",
  day: "date",
  weekday: "dayofweek",
  hour: "hours",
  minute: "minutes",
  second: "seconds",
  millisecond: "milliseconds",
  parse_date: "timestamp",
  parse_time: "timestamp",
  format_utcdate: "format_date",
  to_string: "string",
  to_number: "number",
  ceiling: "ceil",
  ln: "log",
  power: "pow",
};

/** `Math.x` where the name differs from the function's. The others are looked up by their own name. */
export const MATH: Readonly<Record<string, string>> = { max: "greatest", min: "least" };

export const MATH_FUNCTIONS: ReadonlySet<string> = new Set(
  "abs ceil floor round trunc sign sqrt cbrt exp expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 pow max min".split(
    " ",
  ),
);

export const MATH_CONSTANTS: Readonly<Record<string, number>> = {
  PI: Math.PI,
  E: Math.E,
  LN2: Math.LN2,
  LN10: Math.LN10,
  LOG2E: Math.LOG2E,
  LOG10E: Math.LOG10E,
  SQRT2: Math.SQRT2,
  SQRT1_2: Math.SQRT1_2,
};

/** Global functions, `Number.x`, `Date.x` and `JSON.x`. */
export const GLOBALS: Readonly<Record<string, string>> = {
  String: "string",
  Number: "number",
  Boolean: "boolean",
  parseInt: "parse_int",
  parseFloat: "parse_float",
  isNaN: "is_nan",
  isFinite: "is_finite",
  "Number.isNaN": "is_nan",
  "Number.isFinite": "is_finite",
  "Number.parseInt": "parse_int",
  "Number.parseFloat": "parse_float",
  "JSON.parse": "parse_json",
  "JSON.stringify": "to_json",
  "Date.parse": "timestamp",
  "Object.keys": "keys",
  "Object.values": "values",
  "Object.hasOwn": "has",
};

/** Methods of text, arrays and dates; the object becomes the first argument. */
export const METHODS: Readonly<Record<string, string>> = {
  toLowerCase: "lower",
  toUpperCase: "upper",
  trim: "trim",
  trimStart: "trim_start",
  trimEnd: "trim_end",
  substring: "substring",
  slice: "slice",
  startsWith: "startswith",
  endsWith: "endswith",
  includes: "includes",
  indexOf: "indexof",
  lastIndexOf: "lastindexof",
  concat: "concat",
  repeat: "repeat",
  padStart: "padstart",
  padEnd: "padend",
  normalize: "normalize",
  match: "match",
  replace: "replace",
  replaceAll: "replace_all",
  split: "split",
  at: "at",
  charAt: "at",
  join: "join",
  toReversed: "reverse",
  toString: "string",
  toFixed: "to_fixed",
  getUTCFullYear: "year",
  getUTCMonth: "month",
  getUTCDate: "date",
  getUTCDay: "dayofweek",
  getUTCHours: "hours",
  getUTCMinutes: "minutes",
  getUTCSeconds: "seconds",
  getUTCMilliseconds: "milliseconds",
  getTime: "timestamp",
  toISOString: "format_date",
  hasOwnProperty: "has",
};

/** What must not be called in a row expression, and what to do instead. */
export const FORBIDDEN: Readonly<Record<string, string>> = {
  "Math.random": "It would differ on every replay. Use .sample(…) with a seed.",
  "Date.now": "It would differ on every replay. Use the row's own times, or a parameter.",
  "new Date": "It would differ on every replay. Use the row's own times, or a parameter.",
  "op.random": "It would differ on every replay. Use .sample(…) with a seed.",
  "op.now": "It would differ on every replay. Use the row's own times, or a parameter.",
};

/** Arquero's window functions, which look at other rows. */
export const WINDOW_FUNCTIONS: ReadonlySet<string> = new Set(
  "row_number rank avg_rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value fill_down fill_up".split(
    " ",
  ),
);

/** Globals of the language that a function which runs as it is may use. */
export const LANGUAGE_GLOBALS: ReadonlySet<string> = new Set(
  (
    "undefined NaN Infinity Math JSON Object Array String Number Boolean BigInt Symbol Date RegExp Map Set WeakMap WeakSet " +
    "Error TypeError RangeError Intl isNaN isFinite parseInt parseFloat encodeURIComponent decodeURIComponent " +
    "Float64Array Float32Array Int32Array Uint32Array Int16Array Uint16Array Int8Array Uint8Array structuredClone op arguments"
  ).split(" "),
);
