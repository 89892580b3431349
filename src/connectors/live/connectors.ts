/**
 * The connectors of live sources. To add one: a folder with its `spec.ts` and drivers, a line here, and one in `drivers.node.ts`.
 * Databases and brokers will stand here too.
 */
import type { LiveInput } from "../../pipeline/verbs/source.ts";
import { follow } from "../follow/spec.ts";
import { http } from "../http/spec.ts";
import { simulated } from "../simulated/spec.ts";
import type { OptionSpec } from "../spec.ts";
import { SourceError } from "../source-error.ts";
import { stdin } from "../stdin/spec.ts";
import { websocket } from "../websocket/spec.ts";

export interface LiveConnectorSpec {
  readonly name: string;
  /** One sentence: what it reads. */
  readonly about: string;
  /** What it reaches: a data file of the notebook, an address that the user has to allow, or nothing but the host. */
  readonly reaches: "file" | "address" | "host";
  /** Whether it waits with reading while nobody takes what it read. Otherwise rows are shed, and counted. */
  readonly waits: boolean;
  readonly formats: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Says what is wrong with a name or an address and the way out, or null. */
  check(input: LiveInput): string | null;
}

export type LiveConnector = LiveInput["connector"];

export const liveConnectors = { follow, http, websocket, stdin, simulated } satisfies Readonly<
  Record<LiveConnector, LiveConnectorSpec>
>;

/** Throws a `SourceError` that says what is wrong with how a live source is written. */
export function checkLive(input: LiveInput): void {
  const spec: LiveConnectorSpec = liveConnectors[input.connector];
  const fail = (message: string, value?: string): never => {
    throw new SourceError(`${input.name}: ${message}`, { file: input.name, value });
  };
  if (input.format !== null && !spec.formats.includes(input.format))
    fail(
      `${spec.name} has no format ${JSON.stringify(input.format)}. There are: ${spec.formats.join(", ")}.`,
      input.format,
    );
  const names = spec.options.map(option => option.name);
  for (const name of Object.keys(input.options))
    if (!names.includes(name))
      fail(
        `${spec.name} has no option "${name}". There are: ${["types", "partition", "watermark", ...names].join(", ")}.`,
        name,
      );
  const wrong = spec.check(input);
  if (wrong !== null) fail(wrong);
}

/** The address that a live source connects to, as the user is asked about it; null where it reaches no address. */
export function addressOf(input: LiveInput): string | null {
  if (liveConnectors[input.connector].reaches !== "address") return null;
  const url = new URL(input.name);
  url.hash = "";
  return url.href;
}
