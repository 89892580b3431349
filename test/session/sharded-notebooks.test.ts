/** Every stream of the notebooks that come with Tidemark gives the same output by one run and in two shards. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { OutputHash } from "../../src/engine/output-hash.ts";
import { readNotebook } from "../../src/notebook/read.ts";
import { schemaOf, topological } from "../../src/pipeline/node.ts";
import { Stream } from "../../src/pipeline/stream.ts";
import { type HeadlessStream, runOfAll, shardedRunOfAll } from "../../src/session/headless.ts";
import { Session } from "../../src/session/session.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import { InProcess } from "../engine/shards/in-process.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The streams that a notebook's cells define, with their logs. */
async function streamsOf(name: string): Promise<HeadlessStream[]> {
  const document = readNotebook(readFileSync(resolve(ROOT, "notebooks", name), "utf8"), { file: name });
  const nothing = (): null => null;
  const session = new Session({
    post: () => {},
    engine: () => {},
    now: () => 0,
    defer: work => void setImmediate(work),
    ambient: { __query: nothing, latest: nothing, explain: nothing },
  });
  const cells = document.cells.map(({ id, type, source, attributes }) => ({ id, type, source, attributes }));
  session.receive({ type: "cells", cells, run: "all" });
  await session.settled();
  const sources = new SourceFiles(file => Promise.resolve(readFileSync(resolve(ROOT, "samples", file))));
  const out: HeadlessStream[] = [];
  for (const defined of session.cells().flatMap(cell => cell.definitions)) {
    const stream = await session.value(defined).catch(() => null);
    if (!(stream instanceof Stream)) continue;
    for (const node of topological([stream.node])) if (node.verb === "source") await sources.load(node);
    const schema = schemaOf(stream.node, source => sources.log(source).batch.schema);
    out.push({ name: defined, stream, schema, sources, sourceSchema: () => schema });
  }
  session.dispose();
  return out;
}

// Live sources bring their rows themselves; there is no log to divide.
const names = readdirSync(resolve(ROOT, "notebooks")).filter(name => name.endsWith(".html") && name !== "live.html");
const divided: string[] = [];

describe.each(names)("%s", name => {
  test("has the same output in shards", async () => {
    for (const stream of await streamsOf(name)) {
      const hashes = [new OutputHash(), new OutputHash()];
      const here = runOfAll([stream], { onChanges: (flow, step) => hashes[0].apply(flow, step) });
      here.run.finish();
      const made = shardedRunOfAll(
        [stream],
        { host: new InProcess(), shards: 2 },
        { onChanges: (flow, step) => hashes[1].apply(flow, step) },
      );
      if ("reason" in made) {
        expect(made.reason).toMatch(/\.$/);
        continue;
      }
      divided.push(`${name} ${stream.name}`);
      await made.sharded.finish();
      expect([stream.name, hashes[1].digest()]).toEqual([stream.name, hashes[0].digest()]);
      expect(made.tables[0].rows()).toEqual(here.tables[0].rows());
      expect(made.sharded.run.progress).toEqual(here.run.progress);
    }
  }, 60_000);
});

test("many of them can be divided", () => {
  expect(divided.length).toBeGreaterThan(15);
});
