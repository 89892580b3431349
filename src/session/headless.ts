/**
 * A notebook without a window: its cells are evaluated, and one of its streams is run to the end by a run of its own.
 * What the command line, scheduled jobs and tests use.
 */
import type { Flow } from "../engine/flow.ts";
import { Run, type RunOptions, type Tap } from "../engine/run.ts";
import type { Step } from "../engine/step.ts";
import { Table } from "../engine/table.ts";
import { profileNamed } from "../model/profiles.ts";
import { readNotebook } from "../notebook/read.ts";
import type { Schema } from "../columns/column.ts";
import { identity } from "../pipeline/identity.ts";
import { schemaOf, topological } from "../pipeline/node.ts";
import { Stream } from "../pipeline/stream.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { Session } from "./session.ts";
import { type FileReader, type LoadingListener, SourceFiles } from "./source-files.ts";

export interface HeadlessOptions {
  /** The notebook's name, for messages. */
  readonly file: string;
  readonly read: FileReader;
  /** Values that stand in for what cells define. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly now: () => number;
  readonly defer: (work: () => void) => void;
  readonly loading?: LoadingListener;
}

/** A stream of a notebook with everything needed to run it. */
export interface HeadlessStream {
  readonly name: string;
  readonly stream: Stream;
  readonly schema: Schema;
  readonly sources: SourceFiles;
  /** Columns of a source by its node's identity. */
  sourceSchema(id: string): Schema;
}

/**
 * Evaluates a notebook and finds a stream in it: the one called `name`, or without a name the last that is defined.
 * Rejects with a cell's error, or with the names there are.
 */
export async function openStream(text: string, name: string | null, options: HeadlessOptions): Promise<HeadlessStream> {
  const document = readNotebook(text, { file: options.file });
  const session = new Session({
    post: () => {},
    engine: () => {},
    now: options.now,
    defer: options.defer,
    ambient: {
      latest: () => {
        throw new Error("latest(…) needs a replay on screen; on the command line nothing is shown while it runs.");
      },
      explain: () => {
        throw new Error("explain(…) needs a replay on screen; on the command line nothing is shown while it runs.");
      },
    },
  });
  try {
    for (const [key, value] of Object.entries(options.parameters ?? {})) session.setParameter(key, value);
    session.receive({
      type: "cells",
      cells: document.cells.map(({ id, type, source, attributes }) => ({ id, type, source, attributes })),
      run: "all",
    });
    await session.settled();
    const defined = session.cells().flatMap(cell => cell.definitions);
    for (const key of Object.keys(options.parameters ?? {}))
      if (!defined.includes(key))
        throw new Error(`No cell defines "${key}", so it cannot be a parameter. There are: ${defined.join(", ")}.`);
    const wanted = name ?? (await lastStream(session));
    const value = await session.value(wanted);
    if (!(value instanceof Stream))
      throw new Error(
        `"${wanted}" is no stream, but ${value === null ? "null" : `a ${typeof value}`}. Name a stream with --cell.`,
      );
    const sources = new SourceFiles(options.read, options.loading);
    const nodes = topological([value.node]).filter(n => n.verb === "source");
    await Promise.all(nodes.map(n => sources.load(n)));
    const schema = schemaOf(value.node, source => sources.log(source).batch.schema);
    return {
      name: wanted,
      stream: value,
      schema,
      sources,
      sourceSchema: id => {
        const node = nodes.find(n => identity(n) === id) as SourceNode;
        return sources.log(node).batch.schema;
      },
    };
  } finally {
    session.dispose();
  }
}

async function lastStream(session: Session): Promise<string> {
  const names = session.cells().flatMap(cell => cell.definitions);
  for (const name of names.reverse()) {
    const value = await session.value(name).catch(() => null);
    if (value instanceof Stream) return name;
  }
  throw new Error("The notebook defines no stream. Define one, such as const payments = source(…).");
}

/** Makes a run of one stream with a table of its result and, if asked for, a listener for its changes. */
export function runOf(
  headless: HeadlessStream,
  options: {
    profile?: string;
    microBatch?: number | null;
    specialize?: boolean;
    onChanges?: (flow: Flow, step: Step) => void;
  } = {},
): { run: Run; table: Table } {
  const { node } = headless.stream;
  const settings: RunOptions = {
    logs: source => headless.sources.log(source),
    profile: profileNamed(options.profile ?? "tidemark"),
    microBatch: options.microBatch ?? null,
    specialize: options.specialize,
    remember: false,
  };
  const run = new Run([node], settings);
  const table = new Table(node, headless.schema);
  run.tap(table);
  const { onChanges } = options;
  if (onChanges !== undefined) {
    const tap: Tap = { node, apply: onChanges, reset: () => {} };
    run.tap(tap);
  }
  return { run, table };
}
