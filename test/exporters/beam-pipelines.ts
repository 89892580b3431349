/** Pipelines that Beam can say, over the samples: their scripts are checked here, and run where Beam is. */
import { captured } from "../../src/expressions/captured.ts";
import { op as operations } from "../../src/expressions/op.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  DEFAULT_TRIGGER,
  orFinally,
  repeatedly,
} from "../../src/model/triggers.ts";
import { bounded, perfect } from "../../src/model/watermarks.ts";
import { calendar, cumulating, fixed, global, sessions, sliding } from "../../src/model/windows.ts";
import { rows, source } from "../../src/pipeline/sources.ts";
import type { Stream } from "../../src/pipeline/stream.ts";

// Imported names are renamed by the test runner, and row functions are read as text.
const op = operations;

export const payments = source("bank-payments.jsonl", {
  eventTime: "booked_at",
  arrivalTime: "received_at",
  partition: "branch",
  watermark: bounded("30 s", { idle: "2 min", future: "5 min" }),
});
export const windowed = payments.groupby("branch").window(fixed("1 h"));
const late = afterWatermark({ late: afterCount(1) });
const limit = 100;

export const SAID: Readonly<Record<string, Stream>> = {
  rows: payments
    .filter(captured({ limit }, d => d.amount > limit || d.account === null))
    .select("id", { amount: "pounds" }),
  derived: payments.derive({
    cents: d => d.amount * 100,
    big: d => (d.amount > 10 ? "big" : null),
    ratio: d => 1 / d.amount,
  }),
  perKey: source("bank-payments.jsonl", {
    eventTime: "booked_at",
    arrivalTime: "received_at",
    partition: "branch",
    watermark: bounded("30 s", { per: "key", key: "kind", idle: "2 min" }),
  })
    .window(fixed("1 h"))
    .count(),
  fixed: windowed.trigger(late).rollup({ total: d => op.sum(d.amount), n: op.count() }),
  sliding: payments.window(sliding("1 h", "10 min", { offset: "90 s" })).count(),
  sessions: payments
    .groupby("account")
    .window(sessions("10 min"))
    .accumulation("discarding")
    .rollup({ most: op.max("amount") }),
  cumulating: payments.window(cumulating("1 day", "1 h")).count(),
  calendar: payments.window(calendar("week", { timeZone: "Europe/London", weekStart: "sunday" })).count(),
  global: payments.window(global()).trigger(DEFAULT_TRIGGER).count(),
  triggers: windowed
    .trigger(
      orFinally(
        afterEach(afterAny(afterCount(2), afterWatermark()), repeatedly(afterCount(3))),
        afterAll(afterCount(9)),
      ),
    )
    .allowedLateness("unbounded")
    .timestamp("latest")
    .count(),
  early: windowed
    .trigger(afterWatermark({ early: afterProcessingTime("1 min") }))
    .count()
    .panes(),
  relational: payments.groupby({ day: d => op.dayofweek(d.booked_at) }).rollup({
    n: "count()",
    accounts: d => op.distinct(d.account),
    mean: d => op.sum(d.amount) / op.count(),
  }),
  aggregates: windowed.rollup({
    a: op.mean("amount"),
    b: op.min("kind"),
    c: op.median("amount"),
    d: op.mode("kind"),
    e: op.variance("amount"),
    f: op.stdev("amount"),
    g: op.collect("id"),
    h: d => op.some(d.amount < 0),
    i: d => op.every(d.amount > 0),
    j: op.count("account"),
  }),
  after: windowed
    .rollup({ total: op.sum("amount") })
    .filter(d => d.total > 10)
    .derive({ hours: d => (d.window_end - d.window_start) / 3_600_000 }),
  csv: source("ledger-snapshots.csv", { eventTime: "taken_at", watermark: perfect() }).groupby("account").count(),
  local: source("orders.csv", {
    eventTime: { column: "ordered_at", timeZone: "Europe/Berlin" },
    watermark: bounded(0),
  })
    .window(fixed("1 h"))
    .count(),
  cell: rows([{ at: 1_000, 'a "b"': "c\\n", n: null }], { eventTime: { column: "at", unit: "ms" } }),
};
