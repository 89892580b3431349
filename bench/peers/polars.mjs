/** polars, two threads: the whole table again. Plain: the result is that of all rows. */
import pl from "nodejs-polars";
import { foldTable } from "../baselines/plain.mjs";

const frames = new WeakMap();

function frameOf(data) {
  let frame = frames.get(data);
  if (frame === undefined) {
    frame = pl.DataFrame({ key: Array.from(data.key, k => data.keyNames[k]), t: data.t, v: data.v });
    frames.set(data, frame);
  }
  return frame;
}

const run = data =>
  frameOf(data)
    .lazy()
    .withColumn(pl.col("t").div(60_000).floor().mul(60_000).alias("window"))
    .groupBy(["key", "window"])
    .agg(pl.col("v").sum().alias("a"), pl.count("v").alias("b"))
    .collectSync();

export default {
  name: "polars, recompute",
  W1: { plain: true, run, check: frame => foldTable(frame.toRecords()) },
};
