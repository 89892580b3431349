/** Sources are read as soon as their cells have been evaluated, before there is a plan. */
import { expect, test, vi } from "vitest";
import { code, Harness } from "./harness.ts";

const LOG = [1, 2, 3].map(n => JSON.stringify({ at: `2026-01-01T00:00:0${n}Z`, n })).join("\n");

function harness(): Harness {
  const made = new Harness();
  for (const name of ["a.jsonl", "b.jsonl"]) made.files.set(name, new TextEncoder().encode(LOG));
  return made;
}

const asked = ({ messages }: Harness): string[] => messages.flatMap(m => (m.type === "need-file" ? [m.name] : []));

test("reads a source while another cell is still at work, and once", async () => {
  const app = harness();
  app.show([
    code(2, `const rows = source("a.jsonl", {eventTime: "at"});`),
    code(3, `const waited = await new Promise(open => setTimeout(() => open(7), 60));`),
  ]);
  await app.pass(30);
  expect(asked(app)).toEqual(["a.jsonl"]);
  expect(app.cells.get(3)?.status).toBe("running");
  expect(app.transport).toMatchObject({ totalRows: 0, loading: null });
  await vi.waitFor(async () => {
    await app.pass(20);
    expect(app.cells.get(3)?.status).not.toBe("running");
  });
  await app.pass(100);
  expect(app.transport).toMatchObject({ totalRows: 3, loading: null });
  expect(asked(app)).toEqual(["a.jsonl"]);
});

test("says that nothing is being read any more where no plan needs what was read", async () => {
  const app = harness();
  app.show([
    { ...code(1, `const unused = source("b.jsonl", {eventTime: "at"});`), attributes: [{ name: "hidden", value: "" }] },
    code(2, `const rows = source("a.jsonl", {eventTime: "at"});`),
  ]);
  await app.pass(100);
  expect(asked(app).sort()).toEqual(["a.jsonl", "b.jsonl"]);
  expect(app.transport).toMatchObject({ totalRows: 3, loading: null });
});

test("waits with a live source until it is planned", async () => {
  const app = harness();
  app.show([
    {
      ...code(1, `const unused = source({simulate: "payments", eventTime: "t"});`),
      attributes: [{ name: "hidden", value: "" }],
    },
  ]);
  await app.pass(50);
  expect(app.cells.get(1)?.error).toBeNull();
  expect(app.messages.some(m => m.type === "live-open")).toBe(false);
});
