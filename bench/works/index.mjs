/** What is measured, in the order of the report. */
import { alive } from "./alive.mjs";
import { app } from "./app.mjs";
import { batches } from "./batches.mjs";
import { charts } from "./charts.mjs";
import { contest } from "./contest.mjs";
import { curves } from "./curves.mjs";
import { ingestion } from "./ingestion.mjs";
import { interaction } from "./interaction.mjs";
import { large } from "./large.mjs";
import { memory } from "./memory.mjs";
import { verbs } from "./verbs.mjs";
import { workers } from "./workers.mjs";

/**
 * Each work has a `name`; `measure(context)`, which gives plain data; `lines(result)`, its section of the report; and
 * `targets(result)`. Those that take `long` are left out by `--quick`; those `asked` run only when they are named.
 */
export const WORKS = [
  ...["W1", "W2", "W3", "W4", "W5"].map(contest),
  interaction,
  batches,
  verbs,
  ingestion,
  memory,
  large,
  curves,
  charts,
  alive,
  workers,
  app,
];
