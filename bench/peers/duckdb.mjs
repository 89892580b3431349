/** DuckDB, two threads: the whole table again by SQL. Plain: the result is that of all rows. */
import { DuckDBInstance } from "@duckdb/node-api";
import { foldTable } from "../baselines/plain.mjs";

const connections = new WeakMap();

async function connectionOf(data) {
  let connection = connections.get(data);
  if (connection === undefined) {
    const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
    connection = await instance.connect();
    await connection.run("CREATE TABLE rows (key VARCHAR, t DOUBLE, v DOUBLE)");
    const appender = await connection.createAppender("rows");
    for (let i = 0; i < data.n; i++) {
      appender.appendVarchar(data.keyNames[data.key[i]]);
      appender.appendDouble(data.t[i]);
      appender.appendDouble(data.v[i]);
      appender.endRow();
    }
    appender.closeSync();
    connections.set(data, connection);
  }
  return connection;
}

async function run(data) {
  const connection = await connectionOf(data);
  const reader = await connection.runAndReadAll(
    "SELECT key, floor(t / 60000) * 60000 AS window_start, sum(v) AS a, count(*)::DOUBLE AS b FROM rows GROUP BY ALL",
  );
  return reader.getColumns();
}

export default {
  name: "DuckDB, recompute",
  W1: {
    plain: true,
    run,
    check: ([key, window, a, b]) => foldTable(key.map((k, i) => ({ key: k, window: window[i], a: a[i], b: b[i] }))),
  },
};
