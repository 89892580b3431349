import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CellSource } from "../../src/notebook/document.ts";
import { code, laboratory } from "./laboratory.ts";
import type { Laboratory } from "./laboratory.ts";

/** What can be compared between a kernel with a past and a fresh one. */
function outcome(lab: Laboratory, cells: readonly CellSource[]) {
  return cells.map(({ id }) => {
    const { status, value, values, error, culprit, outputs } = lab.state(id);
    return { id, status, value, values: [...values], error: error?.message, line: error?.line, culprit, outputs };
  });
}

// Names from a small pool, so that double definitions, circles and missing names come about by themselves.
const name = fc.integer({ min: 0, max: 7 }).map(index => `v${index}`);
const body = fc.record({
  defines: fc.option(name),
  uses: fc.array(name, { maxLength: 3 }),
  constant: fc.integer({ min: 0, max: 3 }),
  style: fc.constantFrom("sync", "sync", "sync", "async", "promise", "throw", "broken", "generator", "display"),
});

function write({
  defines,
  uses,
  constant,
  style,
}: {
  defines: string | null;
  uses: string[];
  constant: number;
  style: string;
}): string {
  const sum = `(${[...uses, constant].join(" + ")}) % 5`;
  if (style === "broken") return `${defines === null ? "" : `const ${defines} = `}(${sum}`;
  const expression = {
    sync: sum,
    async: `await Promise.resolve(${sum})`,
    promise: `Promise.resolve(${sum})`,
    throw: `(() => { if (${sum} > 1) throw new Error("no"); return 1 })()`,
    generator: `(function* () { yield ${sum}; yield ${sum} + 1 })()`,
    display: `(display("shown"), ${sum})`,
  }[style];
  return defines === null ? String(expression) : `const ${defines} = ${expression}`;
}

const edit = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("change" as const), pick: fc.nat(), body }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("insert" as const), pick: fc.nat(), body }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("delete" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("move" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("run" as const), pick: fc.nat() }) },
);

describe("any sequence of edits ends where a fresh notebook ends", () => {
  test("at rest after each batch, or with promises still open in between", async () => {
    const batches = fc.array(fc.record({ edits: fc.array(edit, { minLength: 1, maxLength: 4 }), steps: fc.nat(4) }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 1, maxLength: 9 }),
        batches,
        fc.boolean(),
        async (bodies, plan, hurried) => {
          let cells = bodies.map((each, index) => code(index + 1, write(each)));
          let nextId = cells.length + 1;
          // A clock that moves with every look cuts passes short in the middle.
          let now = 0;
          const lab = laboratory(cells, hurried ? { now: () => (now += 7), slice: 10 } : {});
          await lab.rest();
          for (const { edits, steps } of plan) {
            for (const each of edits) {
              const at = cells.length === 0 ? 0 : each.pick % cells.length;
              if (each.type === "insert") cells = cells.toSpliced(at, 0, code(nextId++, write(each.body)));
              else if (cells.length === 0) continue;
              else if (each.type === "change") cells = cells.with(at, code(cells[at].id, write(each.body)));
              else if (each.type === "delete") cells = cells.toSpliced(at, 1);
              else if (each.type === "move") cells = [...cells.toSpliced(at, 1), cells[at]];
              lab.kernel.setCells(cells);
              if (each.type === "run") lab.kernel.run([cells[at].id]);
            }
            // Some batches meet a kernel that is in the middle of something.
            for (let step = 0; step < steps; step += 1) await lab.step();
            if (steps < 3) continue;
            await lab.rest();
            const fresh = laboratory(cells);
            await fresh.rest();
            expect(outcome(lab, cells)).toEqual(outcome(fresh, cells));
          }
          await lab.rest();
          const fresh = laboratory(cells);
          await fresh.rest();
          expect(outcome(lab, cells)).toEqual(outcome(fresh, cells));
        },
      ),
      { numRuns: 400 },
    );
  });

  test("in lazy mode, once everything stale was run", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), body, fc.boolean()), { maxLength: 10 }),
        async (bodies, edits) => {
          let cells = bodies.map((each, index) => code(index + 1, write(each)));
          const lab = laboratory(cells, {}, "lazy");
          for (const [pick, each, run] of edits) {
            const at = pick % cells.length;
            cells = cells.with(at, code(cells[at].id, write(each)));
            lab.kernel.setCells(cells);
            if (run) lab.kernel.run([cells[at].id]);
            await lab.rest();
            // A generator goes on by itself and leaves its readers stale.
            const moving = cells.some(cell => cell.source.includes("function*"));
            if (run && !moving) expect(["ok", "error", "blocked"]).toContain(lab.state(cells[at].id).status);
          }
          // A generator's later values make its readers stale again, so once may not be enough.
          for (let round = 0; round < 10; round += 1) {
            lab.kernel.runStale();
            await lab.rest();
          }
          const fresh = laboratory(cells);
          await fresh.rest();
          expect(outcome(lab, cells)).toEqual(outcome(fresh, cells));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("with promises that resolve in any order", async () => {
    const dag = fc.array(
      fc.record({ uses: fc.array(fc.nat(), { maxLength: 3 }), slow: fc.boolean(), constant: fc.nat(4) }),
      { minLength: 1, maxLength: 8 },
    );
    const action = fc.oneof(
      fc.record({ type: fc.constant("edit" as const), pick: fc.nat(), constant: fc.nat(4) }),
      fc.record({ type: fc.constant("open" as const), pick: fc.nat() }),
      fc.record({ type: fc.constant("step" as const), pick: fc.nat() }),
      fc.record({ type: fc.constant("move" as const), pick: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(dag, fc.array(action, { maxLength: 40 }), async (shape, actions) => {
        const gates: (() => void)[] = [];
        const hold = (value: unknown) => new Promise(resolve => gates.push(() => resolve(value)));
        const knob = { value: 0 };
        const source = (index: number, constant: number) => {
          const { uses, slow } = shape[index];
          const names = index === 0 ? ["k"] : uses.map(use => `v${use % index}`);
          const sum = `(${[...names, constant].join(" + ")}) % 7`;
          return code(index + 1, `const v${index} = ${slow ? `await hold(${sum})` : sum}`);
        };
        let cells = [...shape.map(({ constant }, index) => source(index, constant)), code(99, "const k = view(knob)")];
        const lab = laboratory(cells, { ambient: { hold, knob } });
        for (const each of actions) {
          if (each.type === "edit") {
            const at = each.pick % shape.length;
            cells = cells.with(at, source(at, each.constant));
            lab.kernel.setCells(cells);
          } else if (each.type === "open" && gates.length > 0) gates.splice(each.pick % gates.length, 1)[0]();
          else if (each.type === "move" && lab.state(99).outputs.length > 0) lab.kernel.setInput(99, 0, each.pick % 5);
          else await lab.step();
        }
        for (let round = 0; round < 200; round += 1) {
          for (const open of gates.splice(0)) open();
          await lab.rest();
        }
        const fresh = laboratory(cells, { ambient: { hold: (value: unknown) => Promise.resolve(value), knob } });
        await fresh.rest();
        expect(outcome(lab, cells)).toEqual(outcome(fresh, cells));
        expect(lab.state(1).status).toBe("ok");
      }),
      { numRuns: 300 },
    );
  });
});

describe("an edit costs what it changes", () => {
  const dag = fc.array(
    fc.record({ uses: fc.array(fc.nat(), { maxLength: 3 }), modulus: fc.integer({ min: 1, max: 4 }) }),
    { minLength: 2, maxLength: 14 },
  );

  test("re-evaluations are the edited cells and those whose inputs changed, each once", async () => {
    await fc.assert(
      fc.asyncProperty(
        dag,
        fc.array(fc.array(fc.tuple(fc.nat(), fc.nat(9)), { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
        fc.boolean(),
        async (shape, batches, shuffled) => {
          const constants = shape.map(() => 0);
          const needs = shape.map(({ uses }, index) => (index === 0 ? [] : [...new Set(uses.map(use => use % index))]));
          const source = (index: number) =>
            code(
              index + 1,
              `const v${index} = (${[...needs[index].map(need => `v${need}`), constants[index]].join(" + ")}) % ${shape[index].modulus}`,
            );
          const evaluate = () => {
            const values: number[] = [];
            for (const [index, need] of needs.entries())
              values.push(
                (need.reduce((sum, each) => sum + values[each], 0) + constants[index]) % shape[index].modulus,
              );
            return values;
          };
          const page = () => {
            const cells = shape.map((_, index) => source(index));
            return shuffled ? cells.reverse() : cells;
          };
          const lab = laboratory(page());
          await lab.rest();
          expect(lab.ran()).toEqual(Object.fromEntries(shape.map((_, index) => [index + 1, 1])));
          for (const batch of batches) {
            const before = evaluate();
            const old = [...constants];
            for (const [pick, constant] of batch) constants[pick % shape.length] = constant;
            const after = evaluate();
            lab.kernel.setCells(page());
            await lab.rest();
            const affected = shape.flatMap((_, index) => {
              const disturbed =
                old[index] !== constants[index] || needs[index].some(need => before[need] !== after[need]);
              return disturbed ? [index + 1] : [];
            });
            const ran = lab.ran();
            expect(Object.keys(ran).map(Number)).toEqual(affected);
            expect(Object.values(ran).every(count => count === 1)).toBe(true);
            expect(shape.map((_, index) => lab.kernel.lookup(`v${index}`)?.value)).toEqual(after);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
