/** sql.js: the whole table again by SQL in WebAssembly. Plain: the result is that of all rows. */
import initSqlJs from "sql.js";
import { foldBalances, foldPairs, foldSessions, foldTable } from "../baselines/plain.mjs";

const databases = new WeakMap();

async function databaseOf(data) {
  let database = databases.get(data);
  if (database === undefined) {
    const SQL = await initSqlJs();
    database = new SQL.Database();
    database.run("CREATE TABLE rows (key TEXT, t INTEGER, v INTEGER, side INTEGER)");
    database.run("BEGIN");
    const insert = database.prepare("INSERT INTO rows VALUES (?, ?, ?, ?)");
    for (let i = 0; i < data.n; i++) insert.run([data.keyNames[data.key[i]], data.t[i], data.v[i], data.side[i]]);
    insert.free();
    database.run("COMMIT");
    databases.set(data, database);
  }
  return database;
}

const query = sql => async data => (await databaseOf(data)).exec(sql)[0].values;

const sums = (size, where = "") =>
  `SELECT key, t / ${size} * ${size} AS start, sum(v), count(*) FROM rows ${where} GROUP BY key, start`;

/** Counts per minute first, each of which then counts in five windows. */
const SLIDING = `
  WITH minutes AS (SELECT key, t / 60000 * 60000 AS minute, count(*) AS n FROM rows GROUP BY key, minute),
    backs(back) AS (VALUES (0), (1), (2), (3), (4))
  SELECT key, minute - 60000 * back AS start, sum(n) FROM minutes, backs GROUP BY key, start`;

const SESSIONS = `
  WITH marked AS (
    SELECT key, t, v, t - coalesce(lag(t) OVER (PARTITION BY key ORDER BY t), 0) > 30000 AS begins FROM rows
  ), numbered AS (
    SELECT key, t, v, sum(begins) OVER (PARTITION BY key ORDER BY t ROWS UNBOUNDED PRECEDING) AS session FROM marked
  )
  SELECT key, min(t), max(t) + 30000, sum(v) FROM numbered GROUP BY key, session`;

/** Counts of each side, joined: as many pairs as the product says. */
const PAIRS = `
  WITH counts AS MATERIALIZED (SELECT key, side, t / 60000 * 60000 AS start, count(*) AS n FROM rows GROUP BY key, side, start)
  SELECT a.start, sum(a.n * b.n) FROM counts a JOIN counts b USING (key, start) WHERE a.side = 0 AND b.side = 1 GROUP BY a.start`;

const BALANCES = `
  SELECT key, t, sum(v) OVER (PARTITION BY key ORDER BY t, rowid ROWS UNBOUNDED PRECEDING) FROM rows ORDER BY key, t, rowid`;

const records = (names, values) => values.map(row => Object.fromEntries(names.map((name, c) => [name, row[c]])));

/** A table of sums that is kept up to date by one statement per row. */
function upserting(database) {
  database.run("DROP TABLE IF EXISTS sums");
  database.run(
    "CREATE TABLE sums (key TEXT, start INTEGER, a INTEGER, b INTEGER, PRIMARY KEY (key, start)) WITHOUT ROWID",
  );
  return database.prepare(
    "INSERT INTO sums VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET a = a + excluded.a, b = b + 1",
  );
}

const start = t => Math.floor(t / 60_000) * 60_000;

export default {
  name: "sql.js, recompute",
  slow: true,
  W1: {
    plain: true,
    run: query(sums(60_000)),
    check: values => foldTable(records(["key", "window", "a", "b"], values)),
  },
  W2: { plain: true, run: query(SLIDING), check: values => foldTable(records(["key", "window", "a"], values)) },
  W3: {
    plain: true,
    run: query(SESSIONS),
    check: values => foldSessions(records(["key", "start", "end", "sum"], values)),
  },
  W4: { plain: true, run: query(PAIRS), check: values => foldPairs(records(["window", "pairs"], values)) },
  W5: { plain: true, run: query(BALANCES), check: values => foldBalances(records(["key", "t", "balance"], values)) },
  async W6(data, { each, extra, rep }) {
    const database = await databaseOf(data);
    const upsert = upserting(database);
    database.run("BEGIN");
    for (const { key, t, v } of data.rows) upsert.run([key, start(t), v]);
    database.run("COMMIT");
    const a = each(extra, ({ key, t, v }) => upsert.run([key, start(t), v]));
    upsert.free();
    return {
      a,
      b: await rep(i => query(sums(60_000, `WHERE v > ${100 * i}`))(data), 3),
      c: await rep(() => query(sums(300_000))(data), 3),
      note: "plain; a by UPSERT, b and c the query again",
    };
  },
  async W7(data, { batches }) {
    const database = await databaseOf(data);
    const upsert = upserting(database);
    const took = batches(data.n, 100, (from, to) => {
      database.run("BEGIN");
      for (let i = from; i < to; i++) upsert.run([data.keyNames[data.key[i]], start(data.t[i]), data.v[i]]);
      database.run("COMMIT");
    });
    upsert.free();
    return took;
  },
};
