/**
 * Checks what a page asks of the host before anything is done: the method must be one of the list, and each argument of the
 * type that the list says. The desktop's IPC and the local server's endpoint both come through here.
 */
import type { OpenedNotebook } from "../protocol/host.ts";
import type { LiveAction, LiveRequest } from "../protocol/live.ts";
import type { LiveHost } from "./live-host.ts";
import { liveConnectors } from "../connectors/live/connectors.ts";
import { HostError } from "./notebook-files.ts";
import type { NotebookFiles } from "./notebook-files.ts";

/** What differs between the hosts: the origin of kernels, dialogs, and the system's browser. */
export interface HostPlace {
  kernelUrl(): string;
  chooseAndOpen(): Promise<OpenedNotebook | null>;
  saveFiles(files: readonly { readonly name: string; readonly text: string }[]): Promise<boolean>;
  openExternal(url: string): Promise<void>;
  /** What connects notebooks to live sources. */
  readonly live: LiveHost;
}

type Check = (value: unknown) => boolean;
const text: Check = value => typeof value === "string" && value.length <= 64 * 1024 * 1024;
const short: Check = value => typeof value === "string" && value.length <= 1_024;
const offset: Check = value => Number.isSafeInteger(value) && (value as number) >= 0;
const textOrNull: Check = value => value === null || text(value);
const saveOptions: Check = value =>
  typeof value === "object" && value !== null && typeof (value as { force?: unknown }).force === "boolean";
const namedTexts: Check = value =>
  Array.isArray(value) && value.length <= 100 && value.every(each => short(each?.name) && text(each?.text));

const actions: readonly LiveAction[] = ["stop", "close", "retry", "record", "pause-recording"];
const action: Check = value => actions.some(known => known === value);
const object: Check = value => typeof value === "object" && value !== null && !Array.isArray(value);
const liveRequest: Check = value => {
  if (!object(value) || JSON.stringify(value).length > 65_536) return false;
  const { key, name, input, eventTime, partition, types } = value as Record<string, unknown>;
  if (!short(name) || typeof key !== "string" || !object(input) || !object(eventTime) || !object(types)) return false;
  const { kind, connector, name: from, format, options } = input as Record<string, unknown>;
  return (
    kind === "live" &&
    typeof connector === "string" &&
    Object.hasOwn(liveConnectors, connector) &&
    typeof from === "string" &&
    from.length <= 8_192 &&
    (format === null || short(format)) &&
    object(options) &&
    short((eventTime as { column?: unknown }).column) &&
    (partition === null || short(partition))
  );
};
const address: Check = value => typeof value === "string" && value.length <= 8_192;

interface Call {
  readonly checks: readonly Check[];
  run(files: NotebookFiles, place: HostPlace, args: readonly unknown[]): unknown;
}

const calls: Readonly<Record<string, Call>> = {
  kernelUrl: { checks: [], run: (_, place) => place.kernelUrl() },
  initial: { checks: [], run: files => files.initial() },
  notebooks: { checks: [], run: files => files.notebooks() },
  open: { checks: [short], run: (files, _, [handle]) => files.open(handle as string) },
  chooseAndOpen: { checks: [], run: (_, place) => place.chooseAndOpen() },
  create: { checks: [short], run: (files, _, [name]) => files.create(name as string) },
  save: {
    checks: [short, text, saveOptions],
    run: (files, _, [handle, content, options]) =>
      files.save(handle as string, content as string, options as { force: boolean }),
  },
  journal: {
    checks: [short, textOrNull],
    run: (files, _, [handle, content]) => files.journal(handle as string, content as string | null),
  },
  recover: { checks: [short], run: (files, _, [handle]) => files.recover(handle as string) },
  trust: {
    checks: [short, text],
    run: (files, _, [handle, content]) => files.trust(handle as string, content as string),
  },
  readData: {
    checks: [short, short],
    run: (files, _, [handle, name]) => files.readData(handle as string, name as string),
  },
  readPart: {
    checks: [short, short, offset, offset],
    run: (files, _, [handle, name, from, to]) =>
      files.readPart(handle as string, name as string, from as number, to as number),
  },
  saveFiles: {
    checks: [namedTexts],
    run: (_, place, [list]) => place.saveFiles(list as readonly { name: string; text: string }[]),
  },
  liveOpen: {
    checks: [short, short, liveRequest],
    run: (_, { live }, [handle, session, request]) =>
      live.open(handle as string, session as string, request as LiveRequest),
  },
  liveAllow: {
    checks: [short, address],
    run: (_, { live }, [handle, allowed]) => live.allow(handle as string, allowed as string),
  },
  liveNext: {
    checks: [short, short],
    run: (_, { live }, [handle, session]) => live.next(handle as string, session as string),
  },
  liveAct: {
    checks: [short, short, text, action],
    run: (_, { live }, [handle, session, key, what]) =>
      live.act(handle as string, session as string, key as string, what as LiveAction),
  },
  openExternal: { checks: [short], run: (_, place, [url]) => place.openExternal(externalUrl(url as string)) },
};

/** Runs one call of a page. Throws `HostError` when the method is unknown or an argument is not of its type. */
export async function callHost(
  files: NotebookFiles,
  place: HostPlace,
  method: unknown,
  args: unknown,
): Promise<unknown> {
  const call = typeof method === "string" && Object.hasOwn(calls, method) ? calls[method] : undefined;
  if (call === undefined) throw new HostError(`the host has no method ${JSON.stringify(method)}`);
  if (!Array.isArray(args) || args.length !== call.checks.length) {
    throw new HostError(`${String(method)} takes ${call.checks.length} arguments`);
  }
  call.checks.forEach((check, index) => {
    if (!check(args[index])) throw new HostError(`argument ${index + 1} of ${String(method)} is not of its type`);
  });
  return call.run(files, place, args);
}

/** Lets web pages and mail addresses through, and nothing that starts a program. */
export function externalUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !["http:", "https:", "mailto:"].includes(parsed.protocol)) {
    throw new HostError(`"${url.slice(0, 80)}" is not opened: only http, https and mailto links are`);
  }
  return parsed.href;
}
