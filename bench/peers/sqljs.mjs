/** sql.js: the whole table again by SQL in WebAssembly. Plain: the result is that of all rows. */
import initSqlJs from "sql.js";
import { foldTable } from "../baselines/plain.mjs";

const databases = new WeakMap();

async function databaseOf(data) {
  let database = databases.get(data);
  if (database === undefined) {
    const SQL = await initSqlJs();
    database = new SQL.Database();
    database.run("CREATE TABLE rows (key TEXT, t INTEGER, v INTEGER)");
    database.run("BEGIN");
    const insert = database.prepare("INSERT INTO rows VALUES (?, ?, ?)");
    for (let i = 0; i < data.n; i++) insert.run([data.keyNames[data.key[i]], data.t[i], data.v[i]]);
    insert.free();
    database.run("COMMIT");
    databases.set(data, database);
  }
  return database;
}

async function run(data) {
  const database = await databaseOf(data);
  const [{ values }] = database.exec(
    "SELECT key, t / 60000 * 60000 AS start, sum(v), count(*) FROM rows GROUP BY key, start",
  );
  return values;
}

export default {
  name: "sql.js, recompute",
  slow: true,
  W1: {
    plain: true,
    run,
    check: values => foldTable(values.map(([key, window, a, b]) => ({ key, window, a, b }))),
  },
};
