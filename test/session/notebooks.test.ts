/** Every notebook that comes with Tidemark runs: no cell fails, every source is read, every stream and chart has something to show. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readNotebook } from "../../src/notebook/read.ts";
import { Harness } from "./harness.ts";

const FOLDER = resolve(import.meta.dirname, "../../notebooks");

describe.each(readdirSync(FOLDER).filter(name => name.endsWith(".html")))("%s", name => {
  test("runs to the end of its logs", async () => {
    const document = readNotebook(readFileSync(resolve(FOLDER, name), "utf8"), { file: name });
    const harness = new Harness();
    harness.show(document.cells);
    await harness.pass(400);
    const failed = () =>
      [...harness.cells.values()].filter(c => c.error !== null).map(c => `cell ${c.id}: ${c.error?.message}`);
    expect(failed()).toEqual([]);
    const views = [...harness.cells.values()].flatMap(c => c.outputs.flatMap(o => ("view" in o ? [o.view] : [])));
    expect(views.length).toBeGreaterThan(0);
    harness.watch(...views);
    harness.session.receive({ type: "transport", action: { kind: "end" } });
    for (let i = 0; i < 200 && harness.transport?.finished !== true; i++) await harness.pass(50, 0.05);
    await harness.pass(100);
    expect(harness.transport?.finished).toBe(true);
    expect(failed()).toEqual([]);
    const empty = views.filter(view => {
      const update = harness.views.get(view);
      return (
        update === undefined ||
        (update.kind === "table" ? update.total === 0 : Object.values(update.tables).every(t => t.length === 0))
      );
    });
    // What differs when everything is right is nothing.
    expect(empty.filter(view => !/\.(different|alsoDifferent)$/.test(view))).toEqual([]);
  });
});
