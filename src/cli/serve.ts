/** `tidemark serve [FILE]`: the app in a browser, from a local server. Also what `npm start` falls back to. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { AddressStore } from "../browser/address-store.ts";
import { LiveHost } from "../browser/live-host.ts";
import { NotebookFiles } from "../browser/notebook-files.ts";
import { builtPages } from "../browser/pages.ts";
import { startServer } from "../browser/server.ts";
import { TrustStore, userDataFolder } from "../browser/trust-store.ts";
import { recordings } from "./recordings.ts";

/** Written in by the build: hashes of the notebooks that come with the program. */
declare const __SHIPPED_NOTEBOOKS__: readonly string[];

const usage = `usage: tidemark serve [FILE] [--port N] [--no-open]

Opens FILE (a notebook, .html) in the browser from a server on this machine. Without FILE, lists the notebooks of the
present folder. --port N: the port, default a free one. --no-open: print the address only.
`;

/** Runs the command; gives the exit code for wrong arguments (2) or a missing file (1), and otherwise stays until Ctrl-C. */
export async function serve(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    process.stderr.write(`tidemark serve: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || positionals.length > 1) {
    process.stderr.write(
      `tidemark serve: ${positionals.length > 1 ? "name one notebook" : `"${values.port}" is not a port`}\n\n${usage}`,
    );
    return 2;
  }
  const file = positionals[0] === undefined ? null : resolve(positionals[0]);
  if (file !== null && !existsSync(file)) {
    process.stderr.write(`tidemark serve: there is no notebook at ${file}; check the name\n`);
    return 1;
  }

  const trust = new TrustStore(userDataFolder(), __SHIPPED_NOTEBOOKS__);
  const files = new NotebookFiles(trust, file === null ? process.cwd() : dirname(file));
  if (file !== null) await files.startWith(file);
  const live = new LiveHost(files, new AddressStore(userDataFolder()), recordings);
  const server = await startServer({ files, live, pages: builtPages(), port });
  const address = server.address();
  process.stdout.write(`Tidemark is at ${address}\n`);
  if (!values["no-open"]) openInBrowser(address);
  if (process.stdin.isTTY) {
    process.stdout.write("The link works once; press Enter for another, Ctrl-C to stop.\n");
    process.stdin.on("data", () => process.stdout.write(`${server.address()}\n`));
  }
  await new Promise<void>(done => {
    process.once("SIGINT", done);
    process.once("SIGTERM", done);
  });
  await server.close();
  await live.close();
  process.exit(0);
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: "string" },
      "no-open": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

/** Asks the desktop to show the page; the address is printed anyway, so a machine without a browser is no error. */
function openInBrowser(address: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", address]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", address]
        : ["xdg-open", address];
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
