import { describe, expect, test } from "vitest";
import type { CellSource } from "../../src/notebook/document.ts";
import type { ViewInput } from "../../src/notebook/run.ts";
import { captured, capturedBy } from "../../src/expressions/captured.ts";
import { code, laboratory, markdown, promises } from "./laboratory.ts";

interface Expected {
  status?: string;
  value?: unknown;
  values?: Record<string, unknown>;
  error?: string;
  at?: [number | null, number | null];
  culprit?: number;
}

const scenarios: [string, CellSource[], Record<number, Expected>][] = [
  [
    "values flow whatever the order on the page",
    [code(1, "b * 2"), code(2, "const b = a + 1"), code(3, "const a = 20")],
    { 1: { status: "ok", value: 42 }, 2: { values: { b: 21 } } },
  ],
  [
    "several names, destructured",
    [code(1, "const {a, b: [c]} = {a: 1, b: [2]}; function f() { return a + c }"), code(2, "f() + c")],
    { 2: { value: 5 } },
  ],
  [
    "a promise is awaited for others",
    [code(1, "const a = Promise.resolve(20)"), code(2, "a + 1"), code(3, "await a + 2")],
    { 1: { values: { a: 20 } }, 2: { value: 21 }, 3: { value: 22 } },
  ],
  [
    "Markdown becomes a string",
    [code(1, "const n = 3"), markdown(2, "# ${n} rows\n${[1, 2].map(x => `- ${x * n}\n`)}${null}")],
    { 2: { value: "# 3 rows\n- 3\n- 6\n" } },
  ],
  [
    "the output attribute",
    [code(1, "6 * 7", { output: "answer" }), code(2, "answer + 1")],
    { 1: { values: { answer: 42 } }, 2: { value: 43 } },
  ],
  [
    "an error stays in its cell, what needs it is blocked, the rest runs",
    [code(1, "const a: number = 1;\nnull.x"), code(2, "const b = a"), code(3, "b"), code(4, "7")],
    {
      1: { status: "error", error: "Cannot read properties of null (reading 'x')", at: [2, 6] },
      2: { status: "blocked", culprit: 1 },
      3: { status: "blocked", culprit: 1 },
      4: { value: 7 },
    },
  ],
  [
    "a syntax error",
    [code(1, "const a = 1;\nconst b = a +* 2"), code(2, "a")],
    { 1: { status: "error", error: "Unexpected token", at: [2, 14] }, 2: { status: "blocked", culprit: 1 } },
  ],
  [
    "a name defined twice is an error in both, and both are named",
    [code(1, "const x = 1"), code(2, "const y = 1;\nconst x = 2"), code(3, "x")],
    {
      1: {
        status: "error",
        error: "`x` is defined here, in cell 1, and also in cell 2 (line 2); rename or delete all but one",
        at: [1, 7],
      },
      2: {
        status: "error",
        error: "`x` is defined here, in cell 2, and also in cell 1 (line 1); rename or delete all but one",
        at: [2, 7],
      },
      3: { status: "blocked", culprit: 1 },
    },
  ],
  [
    "a circle is an error in each of its cells",
    [code(1, "const a = b"), code(2, "const b = c"), code(3, "const c = a"), code(4, "c")],
    {
      1: {
        status: "error",
        error:
          "the cells need each other in a circle: cell 1 needs `b` of cell 2, cell 2 needs `c` of cell 3, cell 3 needs `a` of cell 1; move one of the definitions into a cell of its own",
        at: [1, 11],
      },
      2: { status: "error" },
      3: { status: "error" },
      4: { status: "blocked", culprit: 3 },
    },
  ],
  [
    "an unknown name",
    [code(1, "const threshold = 1"), code(2, "1 +\n treshold"), code(3, "zebra")],
    {
      2: {
        status: "error",
        error:
          "`treshold` is not defined: no cell defines it and the library has no such name; did you mean `threshold` of cell 1?",
        at: [2, 2],
      },
      3: {
        status: "error",
        error:
          "`zebra` is not defined: no cell defines it and the library has no such name; define it in a cell, for example `const zebra = …`",
      },
    },
  ],
  ["typeof meets nothing without harm", [code(1, "typeof zebra")], { 1: { value: "undefined" } }],
  ["an import says what to do instead", [code(1, 'import x from "npm:x"')], { 1: { status: "error", at: [1, 1] } }],
  [
    "the library, and a cell that takes one of its names",
    [code(1, "op.one + 1"), code(2, "const fixed = 5"), code(3, "fixed")],
    { 1: { value: 2 }, 3: { value: 5 } },
  ],
  [
    "globals of the place may be given a meaning",
    [code(1, "const document = 5"), code(2, "document + 1"), code(3, "typeof console.log")],
    { 2: { value: 6 }, 3: { value: "function" } },
  ],
  [
    "one name of several may fail",
    [code(1, "const a = 1; const b = Promise.reject(new Error('no'))"), code(2, "a"), code(3, "b")],
    { 1: { status: "error", error: "no" }, 2: { value: 1 }, 3: { status: "blocked", culprit: 1 } },
  ],
  [
    "what is thrown need not be an error",
    [code(1, "throw 'oh'")],
    { 1: { status: "error", error: "oh", at: [null, null] } },
  ],
  [
    "cells that never run",
    [{ id: 1, type: "text/x-rust", source: "fn", attributes: [] }, code(2, "// nothing")],
    { 1: { status: "idle" }, 2: { status: "ok", value: undefined } },
  ],
];

const ambient = { op: { one: 1 }, fixed: () => 0 };

describe("what cells come to", () => {
  test.each(scenarios)("%s", async (_name, cells, expected) => {
    const lab = laboratory(cells, { ambient });
    await lab.rest();
    for (const [id, want] of Object.entries(expected)) {
      const state = lab.state(Number(id));
      if (want.status !== undefined) expect(state.status).toBe(want.status);
      if ("value" in want) expect(state.value).toEqual(want.value);
      if (want.values !== undefined) expect(Object.fromEntries(state.values)).toEqual(want.values);
      if (want.error !== undefined) expect(state.error?.message).toBe(want.error);
      if (want.at !== undefined) expect([state.error?.line, state.error?.column]).toEqual(want.at);
      if (want.culprit !== undefined) expect(state.culprit).toBe(want.culprit);
    }
  });
});

describe("edits", () => {
  test("run the edited cell and its dependents, no others", async () => {
    const lab = laboratory([
      code(1, "const a = 1"),
      code(2, "const b = a + 1"),
      code(3, "const c = 10"),
      code(4, "b + c"),
      code(5, "c"),
    ]);
    await lab.rest();
    expect(lab.ran()).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1, 5: 1 });
    lab.kernel.setCell(code(1, "const a = 2"));
    await lab.rest();
    expect(lab.ran()).toEqual({ 1: 1, 2: 1, 4: 1 });
    expect(lab.state(4).value).toBe(13);
  });

  test("stop where the value is equal to the one before", async () => {
    const lab = laboratory(
      [
        code(1, "const a = 1"),
        code(2, "const even = a % 2 === 0"),
        code(3, "even"),
        code(4, "const list = [a > 0]"),
        code(5, "list"),
      ],
      {
        equals: (a, b) => Object.is(a, b) || JSON.stringify(a) === JSON.stringify(b),
      },
    );
    await lab.rest();
    lab.ran();
    lab.kernel.setCell(code(1, "const a = 3"));
    await lab.rest();
    expect(lab.ran()).toEqual({ 1: 1, 2: 1, 4: 1 });
    expect(lab.state(3).status).toBe("ok");
  });

  test("that queue up collapse into one", async () => {
    const lab = laboratory([code(1, "const a = 0"), code(2, "a")]);
    await lab.rest();
    lab.ran();
    for (let i = 1; i <= 100; i += 1) lab.kernel.setCell(code(1, `const a = ${i}`));
    await lab.rest();
    expect(lab.ran()).toEqual({ 1: 1, 2: 1 });
    expect(lab.state(2).value).toBe(100);
  });

  test("with the same text do nothing; a move does nothing; a run on demand does", async () => {
    const cells = [code(1, "const a = [1]"), code(2, "a.length")];
    const lab = laboratory(cells);
    await lab.rest();
    lab.ran();
    lab.kernel.setCells([cells[1], { ...cells[0] }]);
    await lab.rest();
    expect(lab.ran()).toEqual({});
    expect(lab.kernel.graph().order).toEqual([1, 2]);
    lab.kernel.run([1]);
    await lab.rest();
    expect(lab.ran()).toEqual({ 1: 1, 2: 1 });
  });

  test("mend what was missing, double or circular", async () => {
    const lab = laboratory([code(1, "a"), code(2, "const a = 1"), code(3, "const a = 2")]);
    await lab.rest();
    expect([1, 2, 3].map(id => lab.state(id).status)).toEqual(["blocked", "error", "error"]);
    lab.kernel.deleteCell(3);
    await lab.rest();
    expect([1, 2].map(id => lab.state(id).status)).toEqual(["ok", "ok"]);
    lab.kernel.deleteCell(2);
    await lab.rest();
    expect(lab.state(1)).toMatchObject({ status: "error", error: { kind: "unknown", name: "ReferenceError" } });
    lab.kernel.setCells([code(1, "a"), code(4, "const a = b"), code(5, "const b = a")]);
    await lab.rest();
    expect(lab.state(4).error).toMatchObject({ kind: "cycle", cells: [5] });
    lab.kernel.setCell(code(5, "const b = 9"));
    await lab.rest();
    expect(lab.state(1)).toMatchObject({ status: "ok", value: 9, runs: 2 });
  });

  test("of a failed cell unblock its dependents, even with the value they knew", async () => {
    const lab = laboratory([code(1, "const a = 1"), code(2, "const b = a + 1"), code(3, "b")]);
    await lab.rest();
    lab.kernel.setCell(code(2, "const b = a.x.y"));
    await lab.rest();
    expect(lab.state(3)).toMatchObject({ status: "blocked", culprit: 2, value: undefined, outputs: [] });
    lab.kernel.setCell(code(2, "const b = a + 1"));
    await lab.rest();
    expect(lab.state(3)).toMatchObject({ status: "ok", value: 2 });
  });

  test("a definition that moves to another cell is found there", async () => {
    const lab = laboratory([code(1, "const a = 1"), code(2, "0"), code(3, "a")]);
    await lab.rest();
    lab.kernel.setCell(code(1, "1"));
    lab.kernel.setCell(code(2, "const a = 5"));
    await lab.rest();
    expect(lab.state(3).value).toBe(5);
  });
});

describe("asynchronous cells", () => {
  test("a result that comes after its run was replaced is ignored", async () => {
    const gates: ((value: number) => void)[] = [];
    const gate = () => new Promise<number>(resolve => gates.push(resolve));
    const lab = laboratory([code(1, "const a = await gate()"), code(2, "a")], { ambient: { gate } });
    await lab.rest();
    expect([lab.state(1).status, lab.state(2).status]).toEqual(["running", "queued"]);
    lab.kernel.setCell(code(1, "const a = await gate() + 100"));
    await lab.rest();
    gates[1](2);
    await lab.rest();
    gates[0](1);
    await lab.rest();
    expect(lab.state(2)).toMatchObject({ status: "ok", value: 102, runs: 1 });
  });

  test("a cell that hangs holds up its dependents only, and can be edited, run again or interrupted", async () => {
    const lab = laboratory([
      code(1, "const a = await new Promise(() => {})"),
      code(2, "a"),
      code(3, "const c = 1"),
      code(4, "c"),
    ]);
    await lab.rest();
    lab.kernel.setCell(code(3, "const c = 2"));
    await lab.rest();
    expect(lab.state(4).value).toBe(2);
    expect(lab.state(2).status).toBe("queued");
    lab.kernel.run([1]);
    await lab.rest();
    expect(lab.state(1)).toMatchObject({ status: "running", runs: 2 });
    lab.kernel.interrupt(1);
    await lab.rest();
    expect(lab.state(1)).toMatchObject({ status: "error", error: { kind: "interrupted" } });
    expect(lab.state(2)).toMatchObject({ status: "blocked", culprit: 1 });
    lab.kernel.setCell(code(1, "const a = 5"));
    await lab.rest();
    expect(lab.state(2)).toMatchObject({ status: "ok", value: 5 });
  });

  test("nobody sees old and new values together after an edit", async () => {
    const seen: number[][] = [];
    const cells = [
      code(1, "const a = 1"),
      code(2, "const slow = await Promise.resolve(a)"),
      code(3, "const fast = a"),
      code(4, "seen.push([slow, fast])"),
    ];
    const lab = laboratory(cells, { ambient: { seen } });
    await lab.rest();
    for (const a of [2, 3]) {
      lab.kernel.setCell(code(1, `const a = ${a}`));
      await lab.rest();
    }
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  test("invalidation resolves when the run is over", async () => {
    const ended: number[] = [];
    const lab = laboratory([code(1, "const a = 1"), code(2, "invalidation.then(() => ended.push(a)); a")], {
      ambient: { ended },
    });
    await lab.rest();
    expect(ended).toEqual([]);
    lab.kernel.setCell(code(1, "const a = 2"));
    await lab.rest();
    expect(ended).toEqual([1]);
    lab.kernel.deleteCell(2);
    await lab.rest();
    expect(ended).toEqual([1, 2]);
  });

  test("an error after an await has its line and column", async () => {
    const lab = laboratory([code(1, "await 1;\nconst q: any = {};\nq.r.s")]);
    await lab.rest();
    expect(lab.state(1).error).toMatchObject({ name: "TypeError", line: 3, column: 5 });
  });

  test("settled waits for what runs", async () => {
    let open: (value: number) => void = () => {};
    const lab = laboratory([code(1, "const a = gate"), code(2, "a + 1")], {
      ambient: { gate: new Promise(resolve => (open = resolve)) },
    });
    let done = false;
    void lab.kernel.settled().then(() => (done = true));
    await lab.rest();
    expect(done).toBe(false);
    open(1);
    await lab.rest();
    expect(done).toBe(true);
    expect(lab.state(2).value).toBe(2);
  });
});

describe("values that move", () => {
  test("generators, synchronous and not: each value reaches the dependents, the last stays", async () => {
    const seen: unknown[] = [];
    const lab = laboratory(
      [
        code(1, "const i = (function* () { for (let i = 0; i < 3; i++) yield i })()"),
        code(2, "const j = (async function* () { yield 'a'; yield Promise.resolve('b') })()"),
        code(3, "seen.push(i)"),
        code(4, "seen.push(j)"),
        code(5, "(function* () { yield 1; yield 2 })()"),
      ],
      { ambient: { seen } },
    );
    await lab.rest();
    expect(seen.filter(each => typeof each === "number")).toEqual([0, 1, 2]);
    expect(seen.filter(each => typeof each === "string")).toEqual(["a", "b"]);
    expect(lab.state(5)).toMatchObject({ value: 2, outputs: [{ kind: "value", value: 2 }] });
  });

  test("a slow cell behind a fast source is never starved, and neither is what is below it", async () => {
    // Time is counted in ticks of the host: the source gives a value in each, the slow cell takes twelve.
    let ticks = 0;
    const waiting: [number, () => void][] = [];
    const sleep = (count: number) => new Promise<void>(resolve => waiting.push([ticks + count, resolve]));
    const seen: number[] = [];
    const lab = laboratory(
      [
        code(1, "const i = (function* () { let i = 0; while (true) yield i++ })()"),
        code(2, "const slow = sleep(12).then(() => i)"),
        code(3, "const twice = await sleep(3).then(() => slow * 2)"),
        code(4, "seen.push(twice)"),
      ],
      { ambient: { sleep, seen } },
    );
    for (; ticks < 200; ticks += 1) {
      for (const entry of waiting.splice(0)) {
        if (entry[0] <= ticks) entry[1]();
        else waiting.push(entry);
      }
      await lab.step();
    }
    expect(seen.length).toBeGreaterThan(8);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    // The newest result is at most two slow runs behind the source.
    expect((lab.kernel.lookup("i")?.value as number) - seen[seen.length - 1] / 2).toBeLessThan(40);
    lab.kernel.setCell(code(1, "const i = 5"));
    for (; ticks < 300; ticks += 1) {
      for (const entry of waiting.splice(0)) {
        if (entry[0] <= ticks) entry[1]();
        else waiting.push(entry);
      }
      await lab.step();
    }
    expect(seen[seen.length - 1]).toBe(10);
    expect(lab.state(3).status).toBe("ok");
  });

  test("slow synchronous cells behind a source that ticks in every pass all get their turn", async () => {
    let now = 0;
    const seen: number[][] = [[], [], []];
    const work = (index: number, value: number) => {
      now += 20;
      seen[index].push(value);
      return value;
    };
    const lab = laboratory(
      [
        code(1, "const i = (function* () { let i = 0; while (true) yield i++ })()"),
        code(2, "const a = work(0, i)"),
        code(3, "const b = work(1, i)"),
        code(4, "work(2, b)"),
      ],
      { now: () => now, slice: 10, ambient: { work } },
    );
    for (let turn = 0; turn < 100; turn += 1) await lab.step();
    for (const values of seen) {
      expect(values.length).toBeGreaterThan(15);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(values[values.length - 1]).toBeGreaterThan(80);
    }
  });

  test("a generator is closed when its cell runs again", async () => {
    const log: string[] = [];
    const lab = laboratory(
      [
        code(1, "const a = 1"),
        code(
          2,
          "const g = (function* () { try { yield a; yield a; yield new Promise(() => {}) } finally { log.push('closed ' + a) } })()",
        ),
      ],
      { ambient: { log } },
    );
    await lab.rest();
    lab.kernel.setCell(code(1, "const a = 2"));
    await lab.rest();
    expect(log).toEqual(["closed 1"]);
  });

  test("a generator that fails says so, at its line", async () => {
    const lab = laboratory([
      code(1, "const g = (function* () {\n  yield 1;\n  throw new Error('over');\n})()"),
      code(2, "g"),
    ]);
    await lab.rest();
    expect(lab.state(1)).toMatchObject({ status: "error", error: { message: "over", line: 3 } });
    expect(lab.state(2).status).toBe("blocked");
  });
});

describe("display and view", () => {
  const slider = (value: number): ViewInput => ({ value });

  test("outputs are collected in order; an expression shows itself unless it displays", async () => {
    const lab = laboratory([
      code(1, "display(1); const a = display(2) + 1;"),
      code(2, "a"),
      code(3, "display(a)"),
      code(4, "a", { hidden: "" }),
      code(5, "a;"),
    ]);
    await lab.rest();
    const shown = (id: number) =>
      lab.state(id).outputs.map(output => (output.kind === "value" ? output.value : output.kind));
    expect([1, 2, 3, 4, 5].map(shown)).toEqual([[1, 2], [3], [3], [], []]);
    expect(lab.state(4).value).toBe(3);
  });

  test("what was shown stays until the next run shows something", async () => {
    const lab = laboratory([code(1, "display('old')")]);
    await lab.rest();
    lab.kernel.setCell(code(1, "await new Promise(() => {})"));
    await lab.rest();
    expect(lab.state(1)).toMatchObject({ status: "running", outputs: [{ value: "old" }] });
    lab.kernel.setCell(code(1, "display('new'); await new Promise(() => {})"));
    await lab.rest();
    expect(lab.state(1).outputs).toMatchObject([{ value: "new" }]);
  });

  test("a moved input runs its dependents, not its cell", async () => {
    const lab = laboratory([code(1, "const n = view(slider(3)), m = view(slider(4))"), code(2, "n * m")], {
      ambient: { slider },
    });
    await lab.rest();
    expect(lab.state(1).outputs).toMatchObject([
      { kind: "view", index: 0, input: { value: 3 } },
      { kind: "view", index: 1, input: { value: 4 } },
    ]);
    lab.ran();
    lab.kernel.setInput(1, 0, 10);
    await lab.rest();
    expect(lab.state(2).value).toBe(40);
    expect(lab.state(1).values.get("n")).toBe(10);
    lab.kernel.setInput(1, 0, 10);
    await lab.rest();
    expect(lab.ran()).toEqual({ 2: 1 });
    expect(() => lab.kernel.setInput(1, 2, 0)).toThrow("cell 1 shows no input 2");
  });

  test("an input that changes by itself tells so through subscribe", async () => {
    const listeners = new Set<() => void>();
    const input: ViewInput = {
      value: 1,
      subscribe: listener => (listeners.add(listener), () => listeners.delete(listener)),
    };
    const lab = laboratory([code(1, "const n = view(input)"), code(2, "n")], { ambient: { input } });
    await lab.rest();
    input.value = 2;
    for (const listener of listeners) listener();
    await lab.rest();
    expect(lab.state(2).value).toBe(2);
    lab.kernel.setCell(code(1, "const n = 0"));
    await lab.rest();
    expect(listeners.size).toBe(0);
  });

  test("view of something that is no input says what is expected", async () => {
    const lab = laboratory([code(1, "const n = view(3)")]);
    await lab.rest();
    expect(lab.state(1).error?.message).toBe(
      "view(3): an input is an object with a value, for example what slider(…) returns",
    );
  });

  test("a parameter stands in the place of a definition", async () => {
    const lab = laboratory([code(1, "const n = view(slider(3))"), code(2, "n + 1")], { ambient: { slider } });
    lab.kernel.setParameter("n", 100);
    await lab.rest();
    expect(lab.state(2).value).toBe(101);
    lab.kernel.setInput(1, 0, 7);
    await lab.rest();
    expect(lab.state(2).value).toBe(101);
    lab.kernel.clearParameter("n");
    await lab.rest();
    expect(lab.state(2).value).toBe(8);
  });
});

describe("lazy and disabled cells", () => {
  const cells = [code(1, "const a = 1"), code(2, "const b = a + 1"), code(3, "b"), code(4, "const d = 4")];
  const statuses = (lab: ReturnType<typeof laboratory>) => [1, 2, 3, 4].map(id => lab.state(id).status).join(" ");

  test("lazy: nothing runs until it is asked for, and then with all it needs", async () => {
    const lab = laboratory(cells, {}, "lazy");
    await lab.rest();
    expect(statuses(lab)).toBe("idle idle idle idle");
    lab.kernel.run([2]);
    await lab.rest();
    expect(statuses(lab)).toBe("ok ok idle idle");
    lab.kernel.run([3]);
    await lab.rest();
    lab.kernel.setCell(code(1, "const a = 2"));
    await lab.rest();
    expect(statuses(lab)).toBe("stale stale stale idle");
    expect(lab.state(3).value).toBe(2);
    lab.kernel.run([3]);
    await lab.rest();
    expect(statuses(lab)).toBe("ok ok ok idle");
    expect(lab.state(3).value).toBe(3);
    lab.kernel.setCell(code(1, "const a = 5"));
    lab.kernel.runStale();
    await lab.rest();
    expect(statuses(lab)).toBe("ok ok ok ok");
    lab.kernel.setCell(code(1, "const a = 6"));
    lab.kernel.setMode("auto");
    await lab.rest();
    expect(lab.state(3).value).toBe(7);
  });

  test("lazy: an asynchronous need is awaited", async () => {
    const lab = laboratory(
      [
        code(1, "const a = await Promise.resolve(1)"),
        code(2, "const b = await Promise.resolve(a + 1)"),
        code(3, "b"),
        code(4, "b"),
      ],
      {},
      "lazy",
    );
    await lab.rest();
    lab.kernel.run([3]);
    await lab.rest();
    expect(statuses(lab)).toBe("ok ok ok idle");
  });

  test("disabled: it does not run and blocks what needs it", async () => {
    const lab = laboratory(cells);
    await lab.rest();
    lab.kernel.setDisabled(2, true);
    await lab.rest();
    expect(statuses(lab)).toBe("ok disabled blocked ok");
    expect(lab.state(3).culprit).toBe(2);
    lab.kernel.setCell(code(1, "const a = 10"));
    await lab.rest();
    lab.ran();
    lab.kernel.setDisabled(2, false);
    await lab.rest();
    expect(lab.state(3).value).toBe(11);
    expect(lab.ran()).toEqual({ 2: 1, 3: 1 });
  });
});

describe("what the kernel tells", () => {
  test("states in the order of life", async () => {
    const lab = laboratory([code(1, "const a = await Promise.resolve(1)"), code(2, "a")]);
    await lab.rest();
    expect(lab.log.map(state => `${state.id} ${state.status}`)).toEqual(["1 running", "2 queued", "1 ok", "2 ok"]);
    lab.log.length = 0;
    lab.kernel.setCell(code(1, "const a = await Promise.resolve(2)"));
    await lab.rest();
    expect(lab.log.map(state => `${state.id} ${state.status}`)).toEqual(["1 running", "2 stale", "1 ok", "2 ok"]);
  });

  test("symbols and the graph, edits seen at once", async () => {
    const lab = laboratory([code(1, "const a = 1;\nfunction f() {}"), code(2, "a + f()")], {
      ambient: { op: 1, __captured: 1 },
    });
    const names = () =>
      lab.kernel.symbols().map(symbol => `${symbol.name} ${symbol.kind} ${symbol.cell} ${symbol.line}`);
    expect(names()).toEqual([
      "display kernel null null",
      "view kernel null null",
      "invalidation kernel null null",
      "op library null null",
      "a const 1 1",
      "f function 1 2",
    ]);
    expect(lab.kernel.graph().edges).toEqual([
      { from: 1, to: 2, name: "a" },
      { from: 1, to: 2, name: "f" },
    ]);
    lab.kernel.setCell(code(1, "let z = 1"));
    expect(names().at(-1)).toBe("z let 1 1");
  });

  test("how long a cell ran, by the host's clock", async () => {
    let now = 0;
    const lab = laboratory([code(1, "work(5); const a = 1"), code(2, "work(7); a")], {
      now: () => now,
      ambient: { work: (ms: number) => (now += ms) },
    });
    await lab.rest();
    expect([1, 2].map(id => lab.state(id).duration)).toEqual([5, 7]);
  });

  test("a long pass lets the host breathe", async () => {
    let now = 0;
    const lab = laboratory(
      Array.from({ length: 6 }, (_, i) => code(i + 1, `work(10); ${i}`)),
      { now: () => now, slice: 15, ambient: { work: (ms: number) => (now += ms) } },
    );
    await lab.step();
    expect([1, 2, 3].map(id => lab.state(id).status)).toEqual(["ok", "ok", "queued"]);
    await lab.rest();
    expect(lab.state(6).status).toBe("ok");
  });

  test("captured values reach the library", async () => {
    const got: unknown[] = [];
    const __captured = (values: () => Record<string, unknown>, literal: unknown) => (
      got.push({ ...values() }), literal
    );
    const lab = laboratory([code(1, "const rate = 3"), code(2, "[1, 2].map((x: number) => x * rate * op.one)")], {
      ambient: { __captured, op: { one: 1 } },
    });
    await lab.rest();
    expect(lab.state(2).value).toEqual([3, 6]);
    expect(got).toEqual([{ rate: 3 }]);
  });

  test("what a row function captures can be asked of it, across cells and lazily", async () => {
    const functions: ((...values: never[]) => unknown)[] = [];
    const keep = (fn: (...values: never[]) => unknown) => functions.push(fn);
    const cells = [
      code(1, "const rate = 3"),
      code(2, "const big = (d: {x: number}) => d.x > rate"),
      code(3, "keep(big); keep(d => d.x * rate + later);\nconst later = 5;"),
    ];
    const lab = laboratory(cells, { ambient: { __captured: captured, keep } });
    await lab.rest();
    const [big, sum] = functions.map(capturedBy);
    expect({ ...big }).toEqual({ rate: 3 });
    expect({ ...sum }).toEqual({ rate: 3, later: 5 });
    expect(functions.map(String)).toEqual(["(d) => d.x > rate", "d => d.x * rate + later"]);
  });

  test("after dispose nothing is heard", async () => {
    const lab = laboratory([code(1, "const i = (function* () { while (true) yield 1 })()")]);
    await lab.step();
    lab.kernel.dispose();
    await promises();
    await lab.rest();
  });
});
