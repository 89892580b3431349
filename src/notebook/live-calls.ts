/** Puts a recording in the place of the live source that a cell reads, and leaves the rest of the cell as it was written. */
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { Parser } from "acorn";

/** How a recording is read. */
export interface RecordingCall {
  readonly file: string;
  /** Options of `source` besides the watermark, which the cell keeps. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly columns: readonly string[];
}

interface Tree {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const CellParser = Parser.extend(tsPlugin() as never);

/**
 * Returns the cell's text with `source(…)` of the live source `from` (a file's name, an address, `-`, or what is simulated)
 * replaced by the recording, or null where there is no such call to be found in it.
 */
export function withRecording(text: string, from: string, recording: RecordingCall): string | null {
  let program: Tree;
  try {
    program = CellParser.parse(text, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowAwaitOutsideFunction: true,
      allowReturnOutsideFunction: true,
    }) as unknown as Tree;
  } catch {
    return null;
  }
  const calls = sourceCalls(program);
  const named = calls.filter(call => nameOf(call) === from);
  const [call] = named.length > 0 ? named : calls;
  if (call === undefined || (named.length === 0 && calls.length > 1)) return null;
  const watermark = argumentsOf(call)
    .filter(each => each.type === "ObjectExpression")
    .map(each => property(each, "watermark"))
    .findLast(each => each !== null);
  const before = text.slice(0, call.start);
  const indent = /[ \t]*/.exec(before.slice(before.lastIndexOf("\n") + 1))?.[0] ?? "";
  const written = write(recording, watermark == null ? null : text.slice(watermark.start, watermark.end));
  return before + written.replaceAll("\n", `\n${indent}`) + text.slice(call.end);
}

function write({ file, options, columns }: RecordingCall, watermark: string | null): string {
  const { eventTime, arrivalTime, partition, ended, types } = options;
  const lines = [
    `eventTime: ${literal(eventTime)}, arrivalTime: ${literal(arrivalTime)}${partition == null ? "" : `, partition: ${literal(partition)}`},`,
    ...(watermark === null ? [] : [`watermark: ${watermark},`]),
    ...(ended === undefined ? [] : [`ended: ${literal(ended)},`]),
    ...(types === undefined ? [] : [`types: ${literal(types)},`]),
  ];
  return `source(${JSON.stringify(file)}, {\n${lines.map(line => `  ${line}`).join("\n")}\n}).select(${columns.map(c => JSON.stringify(c)).join(", ")})`;
}

/** Plain data as one writes it in a cell. */
function literal(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([name, each]) =>
      `${/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name)}: ${literal(each)}`,
  );
  return `{${entries.join(", ")}}`;
}

function sourceCalls(node: Tree): Tree[] {
  const found: Tree[] = [];
  const visit = (each: Tree): void => {
    const { callee } = each as { callee?: Tree };
    if (each.type === "CallExpression" && callee?.type === "Identifier" && callee["name"] === "source")
      found.push(each);
    for (const value of Object.values(each))
      for (const child of Array.isArray(value) ? value : [value])
        if (typeof child === "object" && child !== null && typeof (child as Tree).type === "string")
          visit(child as Tree);
  };
  visit(node);
  return found;
}

function argumentsOf(call: Tree): readonly Tree[] {
  return call["arguments"] as readonly Tree[];
}

/** What a call reads, where that is written out. */
function nameOf(call: Tree): unknown {
  const [first] = argumentsOf(call);
  if (first === undefined) return undefined;
  if (first.type !== "ObjectExpression") return first["value"];
  return (property(first, "url") ?? property(first, "simulate"))?.["value"];
}

function property(object: Tree, name: string): Tree | null {
  for (const each of object["properties"] as readonly Tree[]) {
    const { key, value } = each as { key?: Tree; value?: Tree };
    if (each.type === "Property" && (key?.["name"] ?? key?.["value"]) === name && value !== undefined) return value;
  }
  return null;
}
