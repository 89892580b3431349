/** `tidemark export FILE --cell NAME --to TARGET`: writes a stream's pipeline as a script for another engine. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exportStream, exportTargets } from "../session/export.ts";
import { openNotebookStream, reporting, UsageError } from "./arguments.ts";

const USAGE = `usage: tidemark export FILE --cell NAME --to TARGET [--out DIR] [--param k=v]…

Writes the pipeline of a stream as a script for another engine. What the target cannot say is listed with the reason.
  --cell NAME   which stream; default the last one that is defined
  --to TARGET   ${exportTargets()
    .map(t => `${t.name} (${t.title})`)
    .join(", ")}
  --out DIR     where to write the files; default: the script on standard output
`;

/** Runs the command. Exit codes: 0 written, 1 the notebook failed or the target refuses, 2 wrong usage. */
export function exportCommand(args: readonly string[]): Promise<number> {
  return reporting("export", USAGE, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        cell: { type: "string" },
        to: { type: "string" },
        out: { type: "string" },
        param: { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (positionals.length !== 1) throw new UsageError("name one notebook");
    if (values.to === undefined) throw new UsageError("name a target with --to");
    const headless = await openNotebookStream(positionals[0], values.cell ?? null, values.param ?? []);
    const { files, obstacles } = exportStream(headless.stream.node, headless.name, values.to, headless.sourceSchema);
    for (const o of obstacles)
      process.stderr.write(`${o.severity === "refuse" ? "✖" : "▲"} ${o.where}: ${o.reason} (${o.kind})\n`);
    if (files.length === 0) {
      process.stderr.write(`tidemark export: ${values.to} cannot say this pipeline; nothing was written\n`);
      return 1;
    }
    if (values.out === undefined) process.stdout.write(files[0].text);
    else {
      await mkdir(values.out, { recursive: true });
      for (const file of files) {
        await writeFile(join(values.out, file.name), file.text);
        process.stderr.write(`wrote ${join(values.out, file.name)}\n`);
      }
    }
    return 0;
  });
}
