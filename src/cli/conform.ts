/** `tidemark conform FILE.json…`: runs traces of the Dataflow model and prints what each event brings about. */
import { conformTrace } from "../session/conform.ts";

/** What the command needs of its host. */
export interface ConformIo {
  read(path: string): Promise<string>;
  write(line: string): void;
  error(line: string): void;
}

const USAGE = `usage: tidemark conform FILE.json…

Each file holds {profile, pipeline: {window, trigger, mode, allowedLateness, timestampCombiner, onTime, closing, aggregate},
events: [{input: {key, value, ts}}, {watermark: ms}, {processingTime: ms}, {snapshot: true}]}.
For each event one line of JSON comes out: {step, panes, dropped, outputWatermark}.`;

/** Runs the files one after the other. Returns 0, or 2 when there is no file or one cannot be read as a trace. */
export async function conform(files: string[], io: ConformIo): Promise<number> {
  if (files.includes("--help")) {
    io.write(USAGE);
    return 0;
  }
  if (files.length === 0) {
    io.error("tidemark conform: no file given; usage: tidemark conform FILE.json…");
    return 2;
  }
  for (const file of files) {
    const problem = await runFile(file, files.length > 1, io);
    if (problem === null) continue;
    // One line, whatever a parser has to say.
    io.error(`${file}: ${problem.replace(/\s+/g, " ")}`);
    return 2;
  }
  return 0;
}

/** Returns what is wrong with a file, or null. */
async function runFile(file: string, named: boolean, io: ConformIo): Promise<string | null> {
  let json: unknown;
  try {
    json = JSON.parse(await io.read(file));
  } catch (error) {
    const { message } = error as Error;
    return error instanceof SyntaxError ? `not JSON: ${message}` : `cannot be read: ${message}`;
  }
  try {
    for (const result of conformTrace(json)) io.write(JSON.stringify(named ? { file, ...result } : result));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
