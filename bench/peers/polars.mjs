/** polars, two threads: the whole table again. Plain: the result is that of all rows. */
import pl from "nodejs-polars";
import { foldBalances, foldPairs, foldSessions, foldTable } from "../baselines/plain.mjs";

const frames = new WeakMap();

function frameOf(data) {
  let frame = frames.get(data);
  if (frame === undefined) {
    frame = pl.DataFrame({
      key: Array.from(data.key, k => data.keyNames[k]),
      t: data.t,
      v: data.v,
      side: Int32Array.from(data.side),
      row: Int32Array.from(data.t, (_, i) => i),
    });
    frames.set(data, frame);
  }
  return frame;
}

const start = size => pl.col("t").div(size).floor().mul(size);

const sums = (frame, size) =>
  frame
    .lazy()
    .withColumn(start(size).alias("window"))
    .groupBy(["key", "window"])
    .agg(pl.col("v").sum().alias("a"), pl.count("v").alias("b"))
    .collectSync();

/** Counts per minute first, each of which then counts in five windows. */
function sliding(frame) {
  const minutes = frame
    .lazy()
    .withColumn(start(60_000).alias("minute"))
    .groupBy(["key", "minute"])
    .agg(pl.count("v").cast(pl.Float64).alias("n"))
    .collectSync();
  const shifted = [0, 1, 2, 3, 4].map(back =>
    minutes.select(
      pl.col("key"),
      pl
        .col("minute")
        .minus(60_000 * back)
        .alias("window"),
      pl.col("n"),
    ),
  );
  return pl.concat(shifted).lazy().groupBy(["key", "window"]).agg(pl.col("n").sum().alias("a")).collectSync();
}

const sessions = frame =>
  frame
    .lazy()
    .sort(["key", "t"])
    .withColumn(pl.col("t").minus(pl.col("t").shift(1).over("key")).gt(30_000).cast(pl.Int32).alias("begins"))
    .withColumn(pl.col("begins").fillNull(1).cumSum().over("key").alias("session"))
    .groupBy(["key", "session"])
    .agg(pl.col("t").min().alias("start"), pl.col("t").max().plus(30_000).alias("end"), pl.col("v").sum().alias("sum"))
    .collectSync();

/** Counts of each side, joined: as many pairs as the product says. */
function pairs(frame) {
  const counts = frame
    .lazy()
    .withColumn(start(60_000).alias("window"))
    .groupBy(["key", "side", "window"])
    .agg(pl.count("v").cast(pl.Float64).alias("n"))
    .collectSync();
  const of = side => counts.filter(pl.col("side").eq(pl.lit(side))).select("key", "window", "n");
  return of(0)
    .join(of(1), { on: ["key", "window"], how: "inner", suffix: "_right" })
    .lazy()
    .withColumn(pl.col("n").mul(pl.col("n_right")).alias("product"))
    .groupBy("window")
    .agg(pl.col("product").sum().alias("pairs"))
    .collectSync();
}

const balances = frame =>
  frame.lazy().sort(["key", "t", "row"]).withColumn(pl.col("v").cumSum().over("key").alias("balance")).collectSync();

export default {
  name: "polars, recompute",
  W1: { plain: true, run: data => sums(frameOf(data), 60_000), check: frame => foldTable(frame.toRecords()) },
  W2: { plain: true, run: data => sliding(frameOf(data)), check: frame => foldTable(frame.toRecords()) },
  W3: { plain: true, run: data => sessions(frameOf(data)), check: frame => foldSessions(frame.toRecords()) },
  W4: { plain: true, run: data => pairs(frameOf(data)), check: frame => foldPairs(frame.toRecords()) },
  W5: { plain: true, run: data => balances(frameOf(data)), check: frame => foldBalances(frame.toRecords()) },
  async W6(data, { extra, rep }) {
    const frame = frameOf(data);
    const one = ({ key, t, v, side }) =>
      pl.DataFrame({
        key: [key],
        t: Float64Array.of(t),
        v: Float64Array.of(v),
        side: Int32Array.of(side),
        row: Int32Array.of(data.n),
      });
    return {
      a: { p50: (await rep(i => sums(frame.vstack(one(extra[i])), 60_000), 5)) * 1000 },
      b: await rep(i => sums(frame.filter(pl.col("v").gt(100 * i)), 60_000), 5),
      c: await rep(() => sums(frame, 300_000), 5),
      note: "plain; the whole table again",
    };
  },
};
