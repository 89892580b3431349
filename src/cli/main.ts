/** The `tidemark` command: finds what is asked for, and gives its exit code. Each command is a file of its own. */
import { readFile } from "node:fs/promises";
import { compareCommand } from "./compare.ts";
import { conform } from "./conform.ts";
import { exportCommand } from "./export.ts";
import { recordCommand } from "./record.ts";
import { runCommand } from "./run.ts";

const USAGE = `Tidemark explores event streams: windows, watermarks, lateness, retractions.

usage: tidemark <command> …

  run FILE       evaluate a notebook and print a stream of it
  record FILE    write a stream's rows so that they can be replayed
  export FILE    write a stream's pipeline as a script for another engine
  serve [FILE]   open the app in the browser
  compare FILE   run a stream as other engines would, or with other settings, and say what differs and why
  conform FILE…  run traces of the Dataflow model and print the panes

tidemark <command> --help says more. Exit codes: 0 done, 1 the notebook or a file failed, 2 wrong usage.
`;

/** Runs the command given by `args` and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // A reader such as `head` may have seen enough before we are done; that is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const [command, ...rest] = args;
  switch (command) {
    case "run":
      return runCommand(rest);
    case "record":
      return recordCommand(rest);
    case "export":
      return exportCommand(rest);
    case "compare":
      return compareCommand(rest);
    case "conform":
      return conform(rest, {
        read: path => readFile(path, "utf8"),
        write: line => process.stdout.write(`${line}\n`),
        error: line => process.stderr.write(`${line}\n`),
      });
    case undefined:
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(USAGE);
      return command === undefined ? 2 : 0;
    case "--version":
      process.stdout.write(`${__VERSION__}\n`);
      return 0;
    default:
      process.stderr.write(`tidemark: there is no command "${command}"\n\n${USAGE}`);
      return 2;
  }
}

/** Written in by the build, from package.json. */
declare const __VERSION__: string;
