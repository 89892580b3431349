/**
 * Nexmark on its fixed input, with the results that RisingWave's tests expect (and DuckDB confirms). Each query is run twice:
 * built before the data comes, which then arrives a few rows at a time; and built when all of it is there already.
 */
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/columns/batch.ts";
import { Run } from "../../src/engine/run.ts";
import { Table } from "../../src/engine/table.ts";
import { fixed } from "../../src/model/windows.ts";
import { perfect } from "../../src/model/watermarks.ts";
import { desc } from "../../src/pipeline/orders.ts";
import { rows } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";
import type { SourceNode } from "../../src/pipeline/verbs/source.ts";
import { SourceFiles } from "../../src/session/source-files.ts";
import { ABSENT, material } from "./material.ts";

const text = material("nexmark.json");

interface Nexmark {
  readonly tables: Readonly<Record<"person" | "auction" | "bid", readonly Row[]>>;
  readonly queries: Readonly<
    Record<string, { readonly columns: readonly string[]; readonly expected_rows: readonly (readonly unknown[])[] }>
  >;
}

const nexmark: Nexmark =
  text === null ? { tables: { person: [], auction: [], bid: [] }, queries: {} } : (JSON.parse(text) as Nexmark);

/** Times of the tables are SQL timestamps without a zone; they are taken as UTC. */
const time = (value: unknown): unknown =>
  typeof value === "string" && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(value)
    ? Date.parse(`${value.replace(" ", "T")}Z`)
    : value;

function table(name: "person" | "auction" | "bid"): Stream {
  const values = nexmark.tables[name].map(row => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, time(v)])));
  return rows(values as Row[], { eventTime: { column: "date_time", unit: "ms" }, watermark: perfect() });
}

const person = table("person");
const auction = table("auction");
const bid = table("bid");

const QUERIES: Readonly<Record<string, Stream>> = {
  q0: bid.select("auction", "bidder", "price", "date_time"),
  q1: bid.derive({ price: (d: Row) => 0.908 * (d.price as number) }).select("auction", "bidder", "price", "date_time"),
  q2: bid
    .filter(
      (d: Row) =>
        d.auction === 1007 || d.auction === 1020 || d.auction === 2001 || d.auction === 2019 || d.auction === 2087,
    )
    .select("auction", "price"),
  q3: auction
    .join(person, (a: Row, p: Row) => a.seller === p.id)
    .filter((d: Row) => d.category === 10 && (d.state === "or" || d.state === "id" || d.state === "ca"))
    .select("name", "city", "state", { id_left: "id" }),
  q4: auction
    .join(
      bid,
      (a: Row, b: Row) =>
        a.id === b.auction &&
        (b.date_time as number) >= (a.date_time as number) &&
        (b.date_time as number) <= (a.expires as number),
    )
    .groupby("id", "category")
    .rollup({ final: "max(d.price)" })
    .groupby("category")
    .rollup({ avg: "mean(d.final)" }),
  q7: bid
    .join(
      bid.window(fixed("10 s")).accumulation("retracting").rollup({ maxprice: "max(d.price)" }),
      (b: Row, w: Row) =>
        b.price === w.maxprice &&
        (b.date_time as number) >= (w.window_start as number) &&
        (b.date_time as number) <= (w.window_end as number),
    )
    .select("auction", "price", "bidder", "date_time"),
  q8: person
    .groupby("id", "name")
    .window(fixed("10 s"))
    .count()
    .join(auction.groupby("seller").window(fixed("10 s")).count(), {
      id: "seller",
      window_start: "window_start",
      window_end: "window_end",
    })
    .select("id", "name", { window_start: "starttime" }),
  q18: bid
    .topN(1, [desc("date_time"), "extra"], { by: ["bidder", "auction"] })
    .select("auction", "bidder", "price", "channel", "url", "date_time", "extra"),
};

const files = new SourceFiles(() => Promise.reject(new Error("no files")));
const logs = (source: SourceNode) => files.log(source);
for (const stream of [person, auction, bid]) await files.load(stream.node as SourceNode);

/** The rows of a table as sorted text; numbers to fifteen digits, since sums may be added in another order. */
function contents(from: readonly (readonly unknown[])[]): string[] {
  return from
    .map(row => JSON.stringify(row.map(v => (typeof v === "number" ? Number(v.toPrecision(15)) : time(v)))))
    .sort();
}

function readAll(result: Table, names: readonly string[]): string[] {
  const { columns } = result.page(0, result.length, null);
  const wanted = names.map(name => columns.find(c => c.name === name)?.values ?? []);
  return contents(Array.from({ length: result.length }, (_, i) => wanted.map(values => values[i])));
}

describe.skipIf(text === null)(text === null ? `Nexmark: ${ABSENT}` : "Nexmark", () => {
  test.each(Object.keys(QUERIES))("%s", name => {
    const { columns, expected_rows: expected } = nexmark.queries[name];
    const { node } = QUERIES[name];

    const before = new Run([node], { logs, stepLength: 3 });
    const growing = new Table(node, before.graph.of(node).schema("main"));
    before.tap(growing);
    before.finish();
    expect(readAll(growing, columns)).toEqual(contents(expected));

    const after = new Run([person.node, auction.node, bid.node], { logs });
    after.finish();
    const late = new Table(node, growing.schema);
    expect(after.replan([person.node, auction.node, bid.node, node], [late])).toBe("behind");
    after.catchUp();
    expect(readAll(late, columns)).toEqual(contents(expected));
  });
});
