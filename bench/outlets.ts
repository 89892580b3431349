/**
 * What one appended row costs all the way to whoever looks, after a log of a certain length, as JSON: into a table, a sorted table,
 * charts and the tables of SQL. Run by `run.mjs` for each length, in a process of its own.
 */
import type { ChartSpec } from "../src/charts/chart.ts";
import * as charts from "../src/charts/plans.ts";
import { Run } from "../src/engine/run.ts";
import { type Order, Table } from "../src/engine/table.ts";
import { fixed } from "../src/model/windows.ts";
import { type Node, schemaOf } from "../src/pipeline/node.ts";
import type { Stream } from "../src/pipeline/stream.ts";
import { Pager } from "../src/session/pager.ts";
import { openSqlite } from "../src/session/sql/sqlite-node.ts";
import { ask, SqlTable } from "../src/session/sql/tables.ts";
import { wirePage } from "../src/session/wire.ts";
import { type Data, extra, load } from "./baselines/data.mjs";
import { median } from "./harness.mjs";
import { Columns, events, type Row, sumAndCount, W1, windowed } from "./tidemark.ts";

const data: Data = load();
/** Rows of a page on screen. */
const PAGE = 100;
/** Rows appended to each. */
const APPENDED = 600;
const nothing = (): void => {};

/** Appends rows to a run that has seen the log, and shows each; median µs from the row to what is handed over. The first half warms up. */
function appended(streams: readonly Stream[], shower: (tables: readonly Table[]) => () => void): number {
  const columns = new Columns(data.keyNames, data.n + APPENDED);
  for (let i = 0; i < data.n; i++) columns.append(data.key[i], data.t[i], data.v[i]);
  let log = columns.log();
  const run = new Run(
    streams.map(s => s.node),
    { logs: () => log, remember: true },
  );
  const tables = streams.map(({ node }) => new Table(node, columnsOf(node)));
  for (const table of tables) run.tap(table);
  while (run.advance({ until: columns.clock }));
  // A chart may read the log with other watermarks too.
  const sources = run.graph.nodes.filter(n => n.node.verb === "source").map(n => n.id);
  const shown = shower(tables);
  const took = extra(data, APPENDED).map(({ key, t, v }) => {
    columns.append(Number(key.slice(1)), t, v);
    const from = performance.now();
    log = columns.log();
    for (const id of sources) run.extend(id, log);
    run.advance({ until: columns.clock });
    shown();
    return 1_000 * (performance.now() - from);
  });
  return median(took.slice(APPENDED >> 1));
}

function columnsOf(node: Node): ReturnType<typeof schemaOf> {
  return schemaOf(node, () => new Columns(data.keyNames, 0).log().batch.schema);
}

/** A page of a table, in an order. */
function paged(stream: Stream, order: Order | null): number {
  return appended([stream], ([table]) => {
    const pager = new Pager(table);
    const shown = (): void => {
      let rows = pager.page(order, 0, PAGE);
      // What it works in slices counts: the page is to show the row that has come.
      while (pager.busy) {
        pager.work(() => false);
        rows = pager.page(order, 0, PAGE);
      }
      wirePage(table, 0, PAGE, rows?.slots ?? null);
    };
    shown();
    return shown;
  });
}

const kept = (): Stream => events().filter((d: Row) => d.v > -4_900);
const table = paged(kept(), null);
const sorted = paged(kept(), { column: "v", descending: true });

/** All tables of a chart, as they are handed over with each frame. */
function charted(spec: ChartSpec): { engine: number; all: number; points: number } {
  const span = { start: data.t[0], end: data.t[0] + 3_700_000 };
  const { tables: planned, limits } = charts.planChart(spec, span);
  const names = Object.keys(planned);
  const streams = Object.values(planned);
  let points = 0;
  const engine = appended(streams, () => nothing);
  const all = appended(streams, tables => () => {
    points = 0;
    // Beyond its limit a table is not handed over: another one is, which is coarser.
    tables.forEach((each, i) => {
      const length = each.length > (limits[names[i]] ?? Infinity) ? 0 : each.length;
      points += wirePage(each, 0, length, each.slots(null)).page.length;
    });
  });
  return { engine, all, points };
}

const timeMap = charted(charts.timeMap(W1()));
const lateness = charted(charts.lateness(W1()));

// A table that grows with the log, and is not a log: the newest pane of each key and two seconds.
const database = await openSqlite();
const mirror = new SqlTable(database, "panes");
let version = -1;
let brought = 0;
let mirrored = 0;
const panes = sumAndCount(windowed(events(), fixed("2 s")));
const sql = appended([panes], ([each]) => {
  const shown = (): void => {
    const slots = each.changedSince(version);
    version = each.version;
    const { page } = wirePage(each, 0, slots?.length ?? each.length, slots);
    brought += page.length;
    if (slots === null) mirror.load(page);
    else mirror.change(slots, page, each.length);
  };
  shown();
  mirrored = each.length;
  brought = 0;
  return shown;
});
const asked = Array.from({ length: 5 }, () => {
  const from = performance.now();
  const answer = ask(database, { text: ["SELECT key, sum(n) AS n FROM panes GROUP BY key"], values: [] }, new Set());
  if (answer.length === 0) throw new Error("SQLite has nothing to say of the panes.");
  return performance.now() - from;
});

console.log(
  JSON.stringify({
    rows: data.n,
    table,
    sorted,
    timeMap,
    lateness,
    sql,
    sqlAsked: median(asked),
    mirrored,
    brought,
  }),
);
