/** Writes the results as Markdown. */
import { gigabytes, table } from "./figures.mjs";
import { WORKS } from "./works/index.mjs";

const NOTES = [
  "## Notes",
  "",
  "- **W1, W2**: by the clock the columnar loop takes 7 ms in some runs of this benchmark and 10 to 13 in others; by processor time, in stretches",
  "  in which the entries take turns, ratios vary by a twentieth. A third of our time goes into finding each row's cell, a sixth into the watermark",
  "  after every row. What the loop over rows gained by: no row leaves it early (else V8 looks up every array and its bounds for each row), and",
  "  the first row of a cell is noted without a branch. A late row's panes are counted in one walk along the slices. Tried without gain: the",
  "  watermark after the greatest time of a chunk, in blocks, or in runs of equal ones (reading the times is most of its cost); a second slice at",
  "  hand, chosen without a branch; multiplying instead of comparing bounds; not writing cells that are only counted; sums and what rounding takes",
  "  from them side by side, or two rows at a time; a window's block merged with its arrays looked up once; one piece of memory for all columns",
  "  that a step keeps. **W5** moves from 2.0 to 2.5 × Map-of-Map, as that loop moves.",
  "- **W3** asks whether a session is still there after a row has merged with it (as Kafka and Flink do), and merges sessions that touch; so it",
  '  runs with `sessions("30 s", {inclusive: true})` and a profile whose `sessionLateness` is `after-merge`. Tidemark\'s own profile asks it',
  "  of the row before, with Beam, and drops more.",
  '- **W4** is `left.join(right, "key")` and a rollup of `count()`, both in windows of a minute. The 120 million pairs are not made: an aggregate',
  "  that only counts them, in the same windows, reads both sides itself and keeps rows per window, key and side. The two sources are",
  "  not merged row by row: only where a window ends, and for rows that come after it, it is asked which side came first. The loops read one",
  "  array in which the sides lie in order already. What was dropped is not counted there.",
  "- **W5** keeps the newest 16 to 128 flows of a key sorted, and older ones in a tree of sums. Of its time half goes into finding a row's place",
  "  among those few (a third of that into wrong guesses, which come to 8 to 10 ns each, a fifth into making room), a tenth into the trees, and the rest",
  "  into memory: making it, filling it, collecting it. What it gained a seventh by (turn by turn with the code before): leaves of three",
  "  32-bit numbers per entry instead of three doubles, branches in blocks and not in objects of their own, what a step needs of a key side by side,",
  "  tails that stay where they are, an early entry at which the search ends. Tried without gain: smaller and larger leaves; rows in order of arrival",
  "  instead of by key (the search is a seventh faster, but late rows find their leaves cold); steps of a quarter or an eighth of the rows; a look at the next",
  "  key's flows ahead of time; a block move where many flows make room; tails of 32-bit numbers; places of amounts moved instead of amounts; counting",
  "  without branches over the last 2, 4 or 8 entries (what it saves in wrong guesses it costs in stores).",
  "- **W6** edits a running graph: the run remembers its source's steps and works the new nodes through them. A threshold costs one pass of",
  "  the filter and one of the windows; nothing of the old result is used, which is why it cannot be cheaper than the loop itself. Steps of",
  "  65,536 rows instead of 8,192 were tried for it: a seventh faster for (b), a twentieth for (c), and too long between two frames.",
  "  The filter selects without a branch, which a threshold in the middle of the values would let guess wrong every third time; that is 3 of the 13 ms it",
  "  took before, and was to be had only once its loop was no longer compiled into callers that every edit makes anew.",
  "- **Verbs**: `flatMap` and `stateful` give a function an object for each row and take those that it makes, which is most of what they",
  "  allocate. The general windowed aggregate has an object for each window of each key, a row in sixteen here, and one for each pane that may be",
  "  taken back; rows themselves allocate nothing there. `median`, `mode`, `distinct` and `collect` hold a group's values. A nowcast for each key",
  "  is counted in words, not in rows: a thousand keys speak twelve times a window.",
  "- **Workers**: the run's own thread works one share and merges, so it is the busiest where much comes out. Each thread sees every position",
  "  and every watermark, which is most of what W1 costs; what has more to do for each row gains. By the busiest thread's processor time these",
  "  works come to 1.3 to 1.6 times. By the clock they lose more: the other thread has to begin before the first step can be merged (5 to 20 ms),",
  "  garbage of one run is collected on the second core as well, and two cores with one path to memory slow each other, so that two whole runs",
  "  at once, which share nothing, come to 1.4 to 1.9. Tried: a third thread that only merges (slower on two cores), parts as messages (0.1 to",
  "  0.8 ms for each), watermarks worked out once for all (writing them costs more than working them out).",
  "- **Frames** come every 16.7 ms on a screen of 60 Hz however little there is to do, so 16 cannot be seen in the time between them; what a",
  "  frame costs is in a trace (`test/e2e/frame-trace.ts`): categories `toplevel` and `disabled-by-default-devtools.timeline.frame`, tasks of",
  "  `CrRendererMain` summed from one `BeginMainThreadFrame` to the next, and the state in which each `PipelineReporter` ended. A frame in part is one that the",
  "  compositor presented in time while the page was still at work; a dropped one came late. By hand: DevTools, Performance, during *To the end*. With the",
  "  rate of frames set free (`--disable-frame-rate-limit --disable-gpu-vsync`) half of them take 0.5 ms, because most have nothing to draw;",
  "  that figure would flatter. The engine, drawing in software and the page share the two cores, which is where frames are lost.",
  "- **Longest work without hearing a message**: reading is cut after 262,144 rows, tables of logs grow by chunks, and everything else between",
  "  two nodes of a step. What is left over 30 ms with a million rows and charts is one node at a time: the state of an aggregate that is put",
  "  back in a step backwards, copies of what it put out that are remembered in catching up, and collections of garbage that fall into either.",
  "- Sums are compensated (what rounding takes is kept and added at the end), which the loops do not do; it costs about a tenth of W1.",
  "",
  "To see where time goes: `node --cpu-prof --cpu-prof-interval 100 bench/run.mjs --only W1 --no-write`, and open the profile in a browser's",
  "developer tools. Compare ratios, never milliseconds of two runs.",
  "",
];

export function report({ machine, works, missing }) {
  const measured = WORKS.filter(({ name }) => works[name] !== undefined);
  return `${[
    "# Benchmarks",
    "",
    `Written by \`npm run bench\`: ${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memory)} of memory, ${machine.system}, Node ${machine.node}.`,
    "",
    "The work: 1,000,000 rows, 1,000 keys by Zipf's law, one hour of event time, integer values; 90 % of the rows up to 2 s late, 9 % up",
    "to 30 s, 1 % up to 10 min. Watermark 30 s behind the greatest event time after every row, allowed lateness 5 min, accumulating",
    "and retracting. The data set is made from a fixed seed and is in memory as columns.",
    "",
    "*Columnar loop* is the limit: typed arrays tuned by hand for this very work. *Map-of-Map* is the loop an expert writes over objects.",
    "Tidemark runs the pipeline as a user writes it, through its public API, with full semantics. Every result is checked by checksum",
    "against the others and by counts known beforehand. Figures are medians; ratios are taken round by round, in one",
    "process, because absolute figures drift with the machine. *Plain* entries know no watermark, lateness or retractions. *Processor* is",
    "the time of the thread's own work, the least of five stretches of 300 ms in which the entries take turns: on a busy machine it says more than",
    "the clock, and targets are judged by it.",
    "",
    "## Targets",
    "",
    ...table(
      ["", "target", "measured", ""],
      measured.flatMap(work =>
        work
          .targets(works[work.name])
          .map(({ what, target, got, reached }) => [what, target, got, reached ? "reached" : "**missed**"]),
      ),
    ),
    ...measured.flatMap(work => [...work.lines(works[work.name]), measuredOn(works[work.name]), ""]),
    ...NOTES,
    ...(missing.length > 0 ? ["## Not run", "", ...missing.map(m => `- ${m}`), ""] : []),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function measuredOn({ date, load, quick, count }) {
  const rounds = count === undefined ? "" : `, ${count} rounds`;
  return `<sub>Measured on ${date}${rounds}${quick ? ", quickly" : ""}; load average ${load.toFixed(1)} at the start.</sub>`;
}
