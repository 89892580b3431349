/** Writes the results as Markdown. */

/** What Tidemark sets out to reach, and who is asked. */
const TARGETS = {
  W1: { ofLimit: 0.5, ofHand: 4 },
  W2: { ofLimit: 0.5, ofHand: 4 },
  W3: { ofLimit: 0.5, ofHand: 2 },
  W4: { ofLimit: 0.5, ofHand: 4 },
  W5: { ofHand: 2 },
  W6: { a: 5, b: 10, c: 20 },
  W7: { p50: 3, p99: 50 },
};

const NOTES = [
  "## Notes",
  "",
  "- **W3** asks whether a session is still there after a row has merged with it (as Kafka and Flink do), and merges sessions that touch; so it",
  '  runs with `sessions("30 s", {inclusive: true})` and a profile whose `sessionLateness` is `after-merge`. Tidemark\'s own profile asks it',
  "  of the row before, with Beam, and drops more.",
  '- **W4** is `left.join(right, "key")` and a rollup of `count()`, both in windows of a minute. The 120 million pairs are not made: an aggregate',
  "  that only counts them, in the same windows, reads both sides itself and keeps rows per window, key and side. The two sources are",
  "  merged by time of arrival, row by row, which takes half of its time: the loops read one array in which the sides lie in order already.",
  "  What was dropped is not counted there.",
  "- **W6** edits a running graph: the run remembers its source's steps and works the new nodes through them. A threshold costs one pass of",
  "  the filter and one of the windows; nothing of the old result is used, which is why it cannot be cheaper than the loop itself. Steps of",
  "  65,536 rows instead of 8,192 were tried for it: a seventh faster for (b), a twentieth for (c), and too long between two frames.",
  "- Sums are compensated (what rounding takes is kept and added at the end), which the loops do not do; it costs about a tenth of W1.",
  "",
  "To see where time goes: `node --cpu-prof --cpu-prof-interval 100 bench/run.mjs --only W1 --no-write`, and open the profile in a browser's",
  "developer tools. Compare ratios, never milliseconds of two runs.",
  "",
];

export function report(results) {
  const { machine, rows, count, options } = results;
  const command = `node bench/run.mjs${options.quick ? " --quick" : ""}${options.peers ? " --peers" : ""}${options.only ? ` --only ${options.only}` : ""}`;
  const lines = [
    "# Benchmarks",
    "",
    `Written by \`${command}\` on ${machine.date}: ${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memory)} of memory,`,
    `${machine.system}, Node ${machine.node}; load average ${machine.load.toFixed(1)} at the start.`,
    "",
    `The work: ${rows.toLocaleString("en")} rows, 1,000 keys by Zipf's law, one hour of event time, integer values; 90 % of the rows up to 2 s late, 9 % up`,
    "to 30 s, 1 % up to 10 min. Watermark 30 s behind the greatest event time after every row, allowed lateness 5 min, accumulating",
    "and retracting. The data set is made from a fixed seed and is in memory as columns.",
    "",
    "*Columnar loop* is the limit: typed arrays tuned by hand for this very work. *Map-of-Map* is the loop an expert writes over objects.",
    "Tidemark runs the pipeline as a user writes it, through its public API, with full semantics. Every result is checked by checksum",
    `against the others and by counts known beforehand. Figures are medians of ${count} rounds; ratios are taken round by round, in one`,
    "process, because absolute figures drift with the machine. *Plain* entries know no watermark, lateness or retractions. *Processor* is",
    "the time of the thread's own work, over many runs in a row: on a busy machine it says more than the clock, and targets are judged by it.",
    "",
  ];
  for (const [work, { about, rows: entries }] of Object.entries(results.works))
    lines.push(...compared(work, about, entries));
  if (results.W6.length > 0) lines.push(...interaction(results.W6));
  if (results.W7.length > 0) lines.push(...batches(results.W7));
  if (results.memory !== null) lines.push(...memory(results.memory));
  if (results.curves !== null) lines.push(...curves(results.curves));
  lines.push(...verdict(results));
  lines.push(...NOTES);
  if (results.missing.length > 0) lines.push("## Not run", "", ...results.missing.map(m => `- ${m}`), "");
  return `${lines.join("\n").trimEnd()}\n`;
}

function compared(work, about, entries) {
  return [
    `## ${work}: ${about}`,
    "",
    "| | ms | million rows/s | of the columnar loop | × Map-of-Map | processor ms | of the columnar loop | × Map-of-Map |",
    "|---|--:|--:|--:|--:|--:|--:|--:|",
    ...entries.map(e => {
      const wall = [e.milliseconds, e.perSecond, e.ofLimit, e.ofHand];
      const processor = [e.processor, e.processorOfLimit, e.processorOfHand];
      return `| ${e.name}${e.plain ? " (plain)" : ""} | ${[...wall, ...processor].map(figure).join(" | ")} |`;
    }),
    "",
  ];
}

function interaction(entries) {
  return [
    "## W6: interaction after the whole log",
    "",
    "(a) one row is appended; (b) the threshold of a filter before the windows changes; (c) the window changes from 1 to 5 min.",
    "",
    "| | (a) p50, µs | (a) p99, µs | (b), ms | (c), ms | |",
    "|---|--:|--:|--:|--:|---|",
    ...entries.map(
      e =>
        `| ${e.name} | ${figure(e.a?.p50)} | ${figure(e.a?.p99)} | ${figure(e.b)} | ${figure(e.c)} | ${e.note ?? ""} |`,
    ),
    "",
  ];
}

function batches(entries) {
  return [
    "## W7: a batch of 100 rows in W1",
    "",
    "| | p50, µs | p99, µs |",
    "|---|--:|--:|",
    ...entries.map(e => `| ${e.name} | ${figure(e.p50)} | ${figure(e.p99)} |`),
    "",
  ];
}

function memory(m) {
  return [
    "## Memory: W1 over ten million rows",
    "",
    "| | |",
    "|---|--:|",
    `| rows | ${m.rows.toLocaleString("en")} |`,
    `| columns of the log, bytes per row | ${figure(m.logBytes / m.rows)} |`,
    `| replay, ms | ${figure(m.milliseconds)} |`,
    `| million rows/s | ${figure(m.rows / m.milliseconds / 1000)} |`,
    `| heap allocated during the replay, bytes per row | ${figure(m.allocated / m.rows)} |`,
    `| process at its peak | ${gigabytes(m.peak)} |`,
    "",
  ];
}

/** What the curves show, and what their costs should grow with. */
const CURVES = [
  ["replay", "replay of W1, ms", "rows: 1"],
  ["append", "one row appended to W1, µs", "the change: 0"],
  ["threshold", "threshold of a filter changed, ms", "rows: 1"],
  ["window", "window changed from 1 to 5 min, ms", "rows: 1"],
  ["chainReplay", "replay through ten operators, ms", "rows: 1"],
  ["chainAppend", "one row appended to ten operators, µs", "the change: 0"],
  ["balances", "balance, µs per row", "the logarithm: 0"],
  ["balancesTail", "balance, latest rows ten times as late, µs per row", "the logarithm: 0"],
];

function curves(measured) {
  const sizes = measured.map(m => m.rows);
  const slope = (of, from, to) =>
    Math.log(measured[to][of] / measured[from][of]) / Math.log(measured[to].rows / measured[from].rows);
  const last = measured.length - 1;
  const tails = measured.map(m => figure(m.balancesTail / m.balances));
  return [
    "## Cost curves",
    "",
    "How costs grow with the log: medians, each size in a process of its own. A slope of 1 is proportional to the rows, 0 does not depend on",
    "them; it is taken between the sizes on both sides of it. *Expected* says what the cost should follow.",
    "",
    `| rows | ${sizes.map((size, i) => `${i === 0 ? "" : "slope | "}${size.toLocaleString("en")}`).join(" | ")} | expected |`,
    `|---|${sizes.map((_, i) => (i === 0 ? "--:|" : "--:|--:|")).join("")}---|`,
    ...CURVES.map(
      ([of, name, expected]) =>
        `| ${name} | ${measured.map((m, i) => `${i === 0 ? "" : `${slope(of, i - 1, i).toFixed(2)} | `}${figure(m[of])}`).join(" | ")} | ${expected} |`,
    ),
    "",
    `From the smallest log to the largest, one row appended to ten operators has a slope of ${slope("chainAppend", 0, last).toFixed(2)}. With the latest`,
    `rows ten times as late, a balance costs ${tails.join(", ")} times as much.`,
    "",
  ];
}

/** Puts fresh curves into a report in the place of its former ones. */
export function withCurves(text, measured) {
  const section = `${curves(measured).join("\n")}\n`;
  const former = sectionOf(text, "Cost curves");
  if (former !== "") return text.replace(former, section);
  return text.includes("## Targets") ? text.replace("## Targets", `${section}## Targets`) : `${text}\n${section}`;
}

/** Takes the curves over from the previous report where none were measured. */
export function withKept(text, previous) {
  const former = sectionOf(previous, "Cost curves");
  if (former === "" || sectionOf(text, "Cost curves") !== "") return text;
  return text.replace("## Targets", `${former}## Targets`);
}

function sectionOf(text, title) {
  const from = text.indexOf(`## ${title}\n`);
  if (from < 0) return "";
  const next = text.indexOf("\n## ", from);
  return next < 0 ? text.slice(from) : text.slice(from, next + 1);
}

function verdict(results) {
  const lines = [];
  const say = (what, got, target, reached) =>
    lines.push(`| ${what} | ${target} | ${got} | ${reached ? "reached" : "**missed**"} |`);
  for (const [work, { rows }] of Object.entries(results.works)) {
    const own = rows.find(r => r.name === "Tidemark");
    const { ofLimit, ofHand } = TARGETS[work];
    if (own === undefined)
      lines.push(
        `| ${work} | ${ofLimit === undefined ? "" : `≥ ${ofLimit}`} | – | **missed**: not run, see the notes |`,
      );
    else {
      if (ofLimit !== undefined)
        say(
          `${work}, of the columnar loop`,
          figure(own.processorOfLimit),
          `≥ ${ofLimit}`,
          own.processorOfLimit >= ofLimit,
        );
      say(`${work}, × Map-of-Map`, figure(own.processorOfHand), `≥ ${ofHand}`, own.processorOfHand >= ofHand);
    }
  }
  const six = results.W6.find(r => r.name === "Tidemark");
  if (six !== undefined) {
    const { a, b, c } = TARGETS.W6;
    say("W6 (a) p50", `${figure(six.a.p50)} µs`, `≤ ${a} µs`, six.a.p50 <= a);
    say("W6 (b)", `${figure(six.b)} ms`, `≤ ${b} ms`, six.b <= b);
    say("W6 (c)", `${figure(six.c)} ms`, `≤ ${c} ms`, six.c <= c);
  }
  const seven = results.W7.find(r => r.name === "Tidemark");
  if (seven !== undefined) {
    say("W7 p50", `${figure(seven.p50)} µs`, `≤ ${TARGETS.W7.p50} µs`, seven.p50 <= TARGETS.W7.p50);
    say("W7 p99", `${figure(seven.p99)} µs`, `≤ ${TARGETS.W7.p99} µs`, seven.p99 <= TARGETS.W7.p99);
  }
  if (lines.length === 0) return [];
  return ["## Targets", "", "| | target | measured | |", "|---|--:|--:|---|", ...lines, ""];
}

function figure(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(3)).toString();
}

function gigabytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
