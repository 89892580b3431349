/** `tidemark record FILE --cell NAME --out DIR`: writes a stream's rows so that they can be replayed. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  type DataPackage,
  descriptorText,
  recordChanges,
  RECORDING_FORMATS,
  type RecordingFormat,
  recordingCell,
  recordSource,
} from "../session/record.ts";
import type { HeadlessStream } from "../session/headless.ts";
import { openNotebookStream, reporting, UsageError } from "./arguments.ts";
import { CliLive, LIVE_OPTIONS, LIVE_USAGE, liveLine, writeState } from "./live.ts";

const USAGE = `usage: tidemark record FILE --cell NAME --out DIR [--format parquet|jsonl] [--group N] [--param k=v]… [--profile NAME]

Records a stream of the notebook FILE: the rows of a source as they arrived, or the changes of any other stream, with a
descriptor (datapackage.json) beside them. A recorded source replays exactly; the cell that reads it is printed.
  --cell NAME     which stream; default the last one that is defined
  --out DIR       where to write; made if it is not there
  --format F      parquet (default) or jsonl
  --group N       rows in a group of the Parquet file, which a replay of a large log holds at once; default 131072
  --param k=v     puts v in the place of what the notebook defines as k
  --profile P     run by the rules of tidemark (default), beam, flink, flink-sql, spark, kafka or batch
A live source is written as lines while it comes, so that nothing is lost, and as Parquet beside them when reading stops.
${LIVE_USAGE}`;

/** Runs the command. Exit codes: 0 written, 1 the notebook or a file failed, 2 wrong usage. */
export function recordCommand(args: readonly string[]): Promise<number> {
  return reporting("record", USAGE, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        cell: { type: "string" },
        out: { type: "string" },
        format: { type: "string" },
        group: { type: "string" },
        param: { type: "string", multiple: true },
        profile: { type: "string" },
        ...LIVE_OPTIONS,
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (positionals.length !== 1) throw new UsageError("name one notebook");
    if (values.out === undefined) throw new UsageError("name a folder with --out");
    const format = formatOf(values.format);
    const group = groupOf(values.group);
    const live = new CliLive({
      notebook: positionals[0],
      allow: values.allow,
      for: values.for,
      out: values.out,
    });
    const headless = await openNotebookStream(positionals[0], values.cell ?? null, values.param ?? [], { live });
    const { node } = headless.stream;
    if (live.live) return recordLive(headless, live);
    const { files, descriptor } =
      node.verb === "source"
        ? recordSource(headless.sources.log(node), node, headless.name, format, undefined, group)
        : recordChanges(headless, headless.name, format, values.profile, group);
    await mkdir(values.out, { recursive: true });
    for (const file of files) {
      await writeFile(join(values.out, file.name), file.bytes);
      process.stderr.write(`wrote ${join(values.out, file.name)} (${file.bytes.length.toLocaleString("en")} bytes)\n`);
    }
    const { rows, malformed } = descriptor.resources[0].tidemark;
    process.stderr.write(
      `${headless.name}: ${rows.toLocaleString("en")} rows${malformed > 0 ? `; ${malformed} malformed ones of the source are not in it` : ""}\n`,
    );
    if (node.verb === "source") process.stdout.write(recordingCell(descriptor, headless.name));
    return 0;
  });
}

/** Records a live source until reading stops: lines as they come, and at the end Parquet beside them. */
async function recordLive({ name, stream }: HeadlessStream, live: CliLive): Promise<number> {
  const { node } = stream;
  if (node.verb !== "source") {
    await live.stop();
    throw new Error(
      `"${name}" is made from a live source. Record the source itself; everything else follows from a replay of it.`,
    );
  }
  const line = liveLine();
  await live.wait(line.show);
  line.clear();
  const [state] = live.states;
  const { recording } = state;
  process.stderr.write(`${writeState(state)}\n`);
  if (recording.replay === null || recording.file === null)
    throw new Error(recording.problem ?? "nothing was recorded");
  // The host knows how rows are read; what is promised of them, the notebook says.
  const path = join(recording.folder, recording.file.replace(/jsonl$/, "datapackage.json"));
  const descriptor = JSON.parse(await readFile(path, "utf8")) as DataPackage;
  const [resource] = descriptor.resources;
  const tidemark = { ...resource.tidemark, watermark: node.watermark };
  const complete: DataPackage = { ...descriptor, resources: [{ ...resource, tidemark }] };
  await writeFile(path, descriptorText(complete));
  process.stdout.write(recordingCell(complete, name));
  return 0;
}

function groupOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const rows = Number(given);
  if (!Number.isInteger(rows) || rows < 1) throw new UsageError(`--group takes a number of rows, not "${given}"`);
  return rows;
}

function formatOf(given: string | undefined): RecordingFormat {
  if (given === undefined) return "parquet";
  const found = RECORDING_FORMATS.find(f => f === given);
  if (found === undefined)
    throw new UsageError(`there is no format "${given}"; there are ${RECORDING_FORMATS.join(", ")}`);
  return found;
}
