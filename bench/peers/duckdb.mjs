/** DuckDB, two threads: the whole table again by SQL. Plain: the result is that of all rows. */
import { DuckDBInstance } from "@duckdb/node-api";
import { foldBalances, foldPairs, foldSessions, foldTable } from "../baselines/plain.mjs";

const connections = new WeakMap();

async function connectionOf(data) {
  let connection = connections.get(data);
  if (connection === undefined) {
    const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
    connection = await instance.connect();
    await connection.run("CREATE TABLE rows (key VARCHAR, t DOUBLE, v DOUBLE, side TINYINT, row INTEGER)");
    const appender = await connection.createAppender("rows");
    for (let i = 0; i < data.n; i++) {
      appender.appendVarchar(data.keyNames[data.key[i]]);
      appender.appendDouble(data.t[i]);
      appender.appendDouble(data.v[i]);
      appender.appendTinyInt(data.side[i]);
      appender.appendInteger(i);
      appender.endRow();
    }
    appender.closeSync();
    connections.set(data, connection);
  }
  return connection;
}

const query = sql => async data => (await (await connectionOf(data)).runAndReadAll(sql)).getColumns();

const sums = (size, where = "") =>
  `SELECT key, floor(t / ${size}) * ${size} AS start, sum(v) AS a, count(*)::DOUBLE AS b FROM rows ${where} GROUP BY ALL`;

/** Counts per minute first, each of which then counts in five windows. */
const SLIDING = `
  WITH minutes AS (SELECT key, floor(t / 60000) * 60000 AS minute, count(*)::DOUBLE AS n FROM rows GROUP BY ALL)
  SELECT key, minute - 60000 * back AS start, sum(n) AS a FROM minutes, range(5) AS r(back) GROUP BY ALL`;

const SESSIONS = `
  WITH marked AS (
    SELECT key, t, v, (t - lag(t, 1, '-Infinity'::DOUBLE) OVER (PARTITION BY key ORDER BY t) > 30000)::INTEGER AS begins FROM rows
  ), numbered AS (
    SELECT key, t, v, sum(begins) OVER (PARTITION BY key ORDER BY t ROWS UNBOUNDED PRECEDING) AS session FROM marked
  )
  SELECT key, min(t) AS start, max(t) + 30000 AS end, sum(v) AS sum FROM numbered GROUP BY key, session`;

/** Counts of each side, joined: as many pairs as the product says. */
const PAIRS = `
  WITH counts AS (SELECT key, side, floor(t / 60000) * 60000 AS start, count(*)::DOUBLE AS n FROM rows GROUP BY ALL)
  SELECT a.start, sum(a.n * b.n) AS pairs FROM counts a JOIN counts b USING (key, start) WHERE a.side = 0 AND b.side = 1 GROUP BY a.start`;

/** The result stays a table of the database's own: two million boxed values would be timed instead of the query. */
const BALANCES = `
  CREATE OR REPLACE TEMP TABLE balances AS
  SELECT key, t, row, sum(v) OVER (PARTITION BY key ORDER BY t, row ROWS UNBOUNDED PRECEDING) AS balance FROM rows`;

const records = (names, columns) =>
  columns[0].map((_, i) => Object.fromEntries(names.map((name, c) => [name, columns[c][i]])));

export default {
  name: "DuckDB, recompute",
  W1: { plain: true, run: query(sums(60_000)), check: out => foldTable(records(["key", "window", "a", "b"], out)) },
  W2: { plain: true, run: query(SLIDING), check: out => foldTable(records(["key", "window", "a"], out)) },
  W3: { plain: true, run: query(SESSIONS), check: out => foldSessions(records(["key", "start", "end", "sum"], out)) },
  W4: { plain: true, run: query(PAIRS), check: out => foldPairs(records(["window", "pairs"], out)) },
  W5: {
    plain: true,
    run: async data => {
      const connection = await connectionOf(data);
      await connection.run(BALANCES);
      return connection;
    },
    check: async connection => {
      const out = await connection.runAndReadAll("SELECT key, t, balance FROM balances ORDER BY key, t, row");
      return foldBalances(records(["key", "t", "balance"], out.getColumns()));
    },
  },
  async W6(data, { extra, rep }) {
    const connection = await connectionOf(data);
    const insert = await connection.prepare("INSERT INTO rows VALUES (?, ?, ?, ?, ?)");
    const appended = await rep(async i => {
      const { key, t, v, side } = extra[i];
      insert.bind([key, t, v, side, data.n + i]);
      await insert.run();
      return query(sums(60_000))(data);
    }, 5);
    const took = {
      a: { p50: appended * 1000 },
      b: await rep(i => query(sums(60_000, `WHERE v > ${100 * i}`))(data), 5),
      c: await rep(() => query(sums(300_000))(data), 5),
      note: "plain; the query again",
    };
    await connection.run(`DELETE FROM rows WHERE row >= ${data.n}`);
    return took;
  },
};
