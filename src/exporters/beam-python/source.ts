/**
 * The source of a Beam script: reads the log, and replays it as a `TestStream`. Clock, watermark and rows come in the order
 * in which the notebook's replay has them, and the watermark is computed by a class that does what the notebook's does.
 */
import type { ColumnType, Schema, Value } from "../../columns/column.ts";
import type { SourceNode, TimeField } from "../../pipeline/verbs/source.ts";
import { grouped, never, notImplemented, type PythonScript, quoted } from "./script.ts";
import { EPOCH } from "./windows.ts";
import { pythonLiteral } from "../../expressions/printers/python.ts";

const READERS: Readonly<Record<Exclude<ColumnType, "timestamp">, string>> = {
  number: `def number_of(value):
    """Numbers are doubles, as in the notebook."""
    if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
        raise ValueError(f"{value!r} is no number")
    return None if value is None else float(value)`,
  string: `def text_of(value):
    if not isinstance(value, (str, type(None))):
        raise ValueError(f"{value!r} is no text")
    return value`,
  boolean: `def boolean_of(value):
    if not isinstance(value, (bool, type(None))):
        raise ValueError(f"{value!r} is not true or false")
    return value`,
  json: `def json_of(value):
    return value`,
};

const TEXT_READERS: Readonly<Record<Exclude<ColumnType, "timestamp">, string>> = {
  number: `def number_of(text):
    return float(text) if text else None`,
  string: `def text_of(text):
    return text if text else None`,
  boolean: `def boolean_of(text):
    return {"true": True, "false": False, "": None}[text.lower()]`,
  json: `def json_of(text):
    return json.loads(text) if text else None`,
};

const NAMES: Readonly<Record<Exclude<ColumnType, "timestamp">, string>> = {
  number: "number_of",
  string: "text_of",
  boolean: "boolean_of",
  json: "json_of",
};

const TIME = `def time_of(value, unit=None, zone=None):
    """Reads a time, ISO 8601 or a number since 1970, as milliseconds since 1970."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value[4:5] == "-":
        moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            if zone is None:
                raise ValueError(f"{value} has no offset")
            moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
        micros = (moment - EPOCH) // datetime.timedelta(microseconds=1)
    else:
        number = float(value)
        if unit is None:
            sizes = {"s": (1e8, 1e10), "ms": (1e11, 1e13), "us": (1e14, 1e16), "ns": (1e17, 1e19)}
            unit = next(u for u, (least, most) in sizes.items() if least <= number < most)
        micros = round(number * {"s": 1e6, "ms": 1e3, "us": 1, "ns": 1e-3}[unit])
    return micros // 1000 if micros % 1000 == 0 else micros / 1000`;

const WATERMARK = `class Watermark:
    """The watermark of the source: the least of its partitions' newest times, less a delay. Times are milliseconds.

    A partition that is silent for \`idle\` holds nobody back; when all are silent, the greatest counts. A row later than its
    arrival and \`future\` says more about a clock than about what is still to come, and does not count.
    """

    def __init__(self, delay, idle=None, future=None):
        self.delay, self.idle, self.future = delay, idle, future
        self.newest, self.last_seen, self.silent = {}, {}, set()
        self.value = None

    def row(self, partition, time, arrival):
        """Takes note of a row."""
        self.last_seen[partition] = arrival
        self.silent.discard(partition)
        if self.future is None or time <= arrival + self.future:
            self.newest[partition] = max(time, self.newest.get(partition, time))
            self.settle()

    def silences(self, until):
        """Yields the moments before \`until\` at which partitions turn silent, with the watermark as it is then."""
        while self.idle is not None:
            due = {p: seen + self.idle for p, seen in self.last_seen.items() if p not in self.silent}
            moment = min(due.values(), default=until)
            if moment >= until:
                return
            self.silent.update(p for p, deadline in due.items() if deadline <= moment)
            self.settle()
            yield moment

    def settle(self):
        awake = [time for p, time in self.newest.items() if p not in self.silent]
        if self.newest:
            value = (min(awake) if awake else max(self.newest.values())) - self.delay
            self.value = value if self.value is None else max(self.value, value)`;

const HINDSIGHT = `class Hindsight:
    """The perfect watermark of a recorded log: the least time among the rows still to come."""

    def __init__(self, log):
        self.value, self.least = None, [math.inf]
        for arrival, partition, time, row in reversed(log):
            self.least.append(min(time, self.least[-1]))
        self.least.pop()

    def row(self, partition, time, arrival):
        self.value = self.least.pop()

    def silences(self, until):
        return []`;

/** Defines the reader and the replay of a source. Their names are \`read\` and \`replay\`. */
export function defineSource(node: SourceNode, schema: Schema, script: PythonScript): void {
  script.import("import sys");
  script.import("from apache_beam.testing.test_stream import TestStream");
  script.import("from apache_beam.transforms import trigger, window");
  script.import("from apache_beam.utils.timestamp import Duration, Timestamp");
  defineReader(node, schema, script);
  defineReplay(node, script);
}

function defineReader(node: SourceNode, schema: Schema, script: PythonScript): void {
  const { input, arrivalTime } = node;
  script.import("import datetime");
  script.import("import zoneinfo");
  script.constant("EPOCH", EPOCH);
  script.define("time_of", TIME);
  const { readers, loop } = input.kind === "rows" ? embedded(input.rows, script) : fileReader(node, input, script);
  const columns = schema.map(
    ({ name, type }) => `    ${quoted(name)}: ${columnReader(name, type, node, readers, script)},`,
  );
  script.define("COLUMNS", `COLUMNS = {\n${columns.join("\n")}\n}`);
  const time = `row[${quoted(node.eventTime.column)}]`;
  const missing = [node.eventTime, ...(arrivalTime === null ? [] : [arrivalTime])].map(
    t => `row[${quoted(t.column)}] is None`,
  );
  script.define(
    "row_of",
    `def row_of(record):
    """Reads the columns of a record. Raises where one is not what it should be."""
    row = {name: reader(record.get(name)) for name, reader in COLUMNS.items()}
    if ${missing.join(" or ")}:
        raise ValueError("a time is missing")
    return row`,
  );
  const arrival = arrivalTime === null ? "latest" : `row[${quoted(arrivalTime.column)}]`;
  // Keys that have watermarks of their own are partitions of the replay.
  const part = node.watermark.keyColumn ?? node.partition;
  const nested = schema.some(field => field.name === part && field.type === "json");
  if (nested) script.import("import json");
  const partition = part === null ? "None" : nested ? `json.dumps(row[${quoted(part)}])` : `row[${quoted(part)}]`;
  const { opening, each, record } = loop;
  const body = [
    `for ${each}:`,
    "    try:",
    `        row = row_of(${record})`,
    "    except (ValueError, KeyError, AttributeError, TypeError, StopIteration):",
    "        unreadable += 1",
    "        continue",
    // Without times of arrival rows arrive in the order of the file, at the greatest time so far.
    ...(arrivalTime === null ? [`    latest = max(latest, ${time})`] : []),
    `    log.append((${arrival}, ${partition}, ${time}, row))`,
  ];
  const indent = opening === null ? "    " : "        ";
  script.define(
    "read",
    [
      `def read(${opening === null ? "" : "path"}):`,
      '    """Reads the log: (arrival, partition, event time, row), in order of arrival. Unreadable records are left out."""',
      "    log, unreadable = [], 0",
      ...(arrivalTime === null ? ["    latest = -math.inf"] : []),
      ...(opening === null ? [] : [`    with ${opening} as lines:`]),
      ...body.map(line => indent + line),
      '    print(f"{len(log)} rows, {unreadable} unreadable", file=sys.stderr)',
      "    return sorted(log, key=lambda entry: entry[0])",
    ].join("\n"),
  );
}

type Readers = Readonly<Record<Exclude<ColumnType, "timestamp">, string>>;

interface Reading {
  readonly readers: Readers;
  readonly loop: {
    /** How the file is opened; null for rows written along. */
    readonly opening: string | null;
    /** What stands after `for`. */
    readonly each: string;
    /** The record of each round. */
    readonly record: string;
  };
}

function fileReader(
  node: SourceNode,
  input: Exclude<SourceNode["input"], { kind: "rows" }>,
  script: PythonScript,
): Reading {
  const plain = input.name.replace(/\.gz$/i, "");
  if (plain !== input.name) script.import("import gzip");
  const open = plain === input.name ? "open" : "gzip.open";
  const extension = (input.format ?? plain.slice(plain.lastIndexOf(".") + 1)).toLowerCase();
  const { delimiter, ...others } = input.options as Readonly<Record<string, unknown>>;
  // How much of a log is in memory here is nothing to another engine.
  for (const option of Object.keys(others))
    if (option !== "memory")
      script.cannot(node, notImplemented(`The option "${option}" of the source is not written for Beam.`));
  const opening = (more: string): string => `${open}(path, "rt", encoding="utf-8-sig"${more})`;
  if (["csv", "tsv", "tab"].includes(extension)) {
    script.import("import csv");
    const character = typeof delimiter === "string" ? delimiter : extension === "csv" ? "," : "\t";
    const separator = character === "\t" ? '"\\t"' : quoted(character);
    return {
      readers: TEXT_READERS,
      loop: {
        opening: opening(', newline=""'),
        each: `record in csv.DictReader(lines, delimiter=${separator})`,
        record: "record",
      },
    };
  }
  if (!["jsonl", "ndjson", "json", "jsonlines"].includes(extension))
    script.cannot(
      node,
      notImplemented(
        `Logs of the format "${extension}" are not read in Beam scripts. Save the log as JSON lines or CSV.`,
      ),
    );
  script.import("import json");
  return {
    readers: READERS,
    loop: { opening: opening(""), each: "line in filter(str.strip, lines)", record: "json.loads(line)" },
  };
}

function embedded(rows: readonly Readonly<Record<string, Value>>[], script: PythonScript): Reading {
  script.define("ROWS", `ROWS = [\n${rows.map(row => `    ${pythonLiteral(row)},`).join("\n")}\n]`);
  return { readers: READERS, loop: { opening: null, each: "record in ROWS", record: "record" } };
}

function columnReader(
  name: string,
  type: ColumnType,
  node: SourceNode,
  readers: Readers,
  script: PythonScript,
): string {
  if (type === "timestamp") {
    const field = [node.eventTime, node.arrivalTime].find(t => t?.column === name) ?? null;
    return timeReader(field, node.input.kind === "rows");
  }
  const own = readers[type];
  if (own.includes("json.")) script.import("import json");
  return script.define(NAMES[type], own);
}

function timeReader(field: TimeField | null, inCell: boolean): string {
  // Numbers in a cell are JavaScript's own, milliseconds.
  const unit = field?.unit ?? (inCell ? "ms" : null);
  const args = [
    ...(unit === null ? [] : [`unit=${quoted(unit)}`]),
    ...(field?.timeZone == null ? [] : [`zone=${quoted(field.timeZone)}`]),
  ];
  return args.length === 0 ? "time_of" : `lambda value: time_of(value, ${args.join(", ")})`;
}

function defineReplay(node: SourceNode, script: PythonScript): void {
  const { watermark } = node;
  script.import("import math");
  script.import("import itertools");
  for (const [option, value] of [
    ["every", watermark.every],
    ["microBatch", watermark.microBatch],
  ] as const)
    if (value !== null)
      script.cannot(node, notImplemented(`A watermark with the option "${option}" is not written for Beam.`));
  let make = "";
  if (watermark.basis.kind === "bounded") {
    const parts = [
      `delay=${grouped(watermark.basis.delay)}`,
      ...(watermark.idle === null ? [] : [`idle=${grouped(watermark.idle)}`]),
      ...(watermark.future === null ? [] : [`future=${grouped(watermark.future)}`]),
    ];
    make = `${script.define("Watermark", WATERMARK)}(${parts.join(", ")})`;
  } else if (watermark.basis.kind === "perfect") {
    make = `${script.define("Hindsight", HINDSIGHT)}(log)`;
  } else if (watermark.basis.kind === "manual")
    script.cannot(node, never("A watermark that is moved by hand has no rule that a script could follow."));
  else
    script.cannot(
      node,
      notImplemented(`A ${watermark.basis.kind} watermark is not written for Beam. Use bounded(…), with its delay.`),
    );
  script.define("replay", replayText(make, watermark.per === "source", script.needsClock));
}

/** The clock is moved only where something waits for it: each move costs the runner as much as a row. */
function replayText(watermark: string, whole: boolean, clock: boolean): string {
  const partition = whole ? "None" : "partition";
  return `def replay(log):
    """Replays the log as it happened: ${clock ? "clock, " : ""}rows and watermark in order of arrival. What arrives together is one bundle."""
    stream, watermark, said = TestStream(), ${watermark}, None
${
  clock
    ? `    now = log[0][0] if log else 0  # the test clock starts at 0, and counts from the first arrival
    if log and log[-1][0] - now >= min(time for _, _, time, _ in log):
        sys.exit("Beam's Python runner compares processing time with ends of windows; these event times are too near to 1970.")

    def advance_clock(moment):
        nonlocal now
        if moment > now:
            stream.advance_processing_time(Duration(micros=round(1000 * (moment - now))))
            now = moment
`
    : ""
}
    def advance_watermark():
        nonlocal said
        if watermark.value is not None and watermark.value < math.inf and (said is None or watermark.value > said):
            said = watermark.value
            stream.advance_watermark_to(Timestamp(micros=1000 * math.floor(said)))

    for arrival, together in itertools.groupby(log, key=lambda entry: entry[0]):
        for moment in watermark.silences(until=arrival):
${clock ? "            advance_clock(moment)\n" : ""}            advance_watermark()
${clock ? "        advance_clock(arrival)\n" : ""}        bundle = []
        for _, partition, time, row in together:
            if time != math.floor(time):
                sys.exit(f"{time}: Beam's TestStream counts whole milliseconds. Round the log's times.")
            watermark.row(${partition}, time, arrival)
            bundle.append(window.TimestampedValue(row, Timestamp(micros=1000 * time)))
        stream.add_elements(bundle)
        advance_watermark()
    return stream.advance_watermark_to_infinity()`;
}
