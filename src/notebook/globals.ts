/** The names that are there without any cell defining them. */

/** The names of the language itself (ECMAScript 2024). A cell may not define them, and they are never captured. */
export const languageGlobals: ReadonlySet<string> = new Set(
  `AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  FinalizationRegistry Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl Iterator JSON
  Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol
  SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI
  decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined
  unescape`.split(/\s+/),
);

/** The names of the place where cells run, unless the host states others. A cell may define one of these and then means its own. */
export const platformGlobals: ReadonlySet<string> = new Set(
  `AbortController AbortSignal Blob CustomEvent DOMParser DOMRect Element Event EventTarget File FileReader Headers HTMLElement
  Image ImageData MessageChannel Node Path2D Request Response TextDecoder TextEncoder URL URLSearchParams WebSocket Worker
  XMLSerializer atob btoa cancelAnimationFrame clearInterval clearTimeout console crypto devicePixelRatio document fetch
  navigator performance queueMicrotask requestAnimationFrame setInterval setTimeout structuredClone window`.split(
    /\s+/,
  ),
);

/** The names that the kernel gives to each run of a cell. */
export const cellBuiltins: ReadonlySet<string> = new Set(["display", "view", "invalidation"]);

/** The name of the function around captured values: `__captured(() => ({get k() { return k; }}), d => d.x * k)` is the arrow function. */
export const capturedName = "__captured";

/** The name of the function that turns an interpolated value of a Markdown cell into text. */
export const textName = "__text";

/**
 * The name of the function that runs the query of a SQL cell: `__query({payments, daily})` gives the tag of a template, whose
 * text is the SQL and whose values are the query's parameters.
 */
export const queryName = "__query";
