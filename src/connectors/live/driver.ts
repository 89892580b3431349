/**
 * What reads a live source on a host: a driver connects, hands over records as they come, and says how the connection is.
 * Drivers know nothing of notebooks, recordings or the engine.
 */
import type { LiveInput } from "../../pipeline/verbs/source.ts";

/** A record as it came: JSON without a newline in it, or whatever stood in its place. */
export interface LiveRecord {
  readonly text: string;
  /** Its place in the source: the byte at which it begins in a file, else its number from 1. */
  readonly offset: number;
}

/** How a connection is. Times in ms since the epoch. */
export type ConnectionState =
  | { readonly status: "connecting" }
  | { readonly status: "connected" }
  /** There is nothing to be read yet, and nothing to be done about it. */
  | { readonly status: "waiting"; readonly reason: string }
  /** Connects again at `at`. */
  | { readonly status: "retrying"; readonly reason: string; readonly at: number }
  /** Does not connect again by itself. */
  | { readonly status: "failed"; readonly reason: string }
  /** The source said that nothing follows. */
  | { readonly status: "ended"; readonly reason: string };

/** Takes what a driver reads. */
export interface LiveSink {
  take(records: readonly LiveRecord[]): void;
  /** Whether nobody has taken what was read: a driver that can waits until `resume`; what others hand over is shed. */
  readonly full: boolean;
  state(state: ConnectionState): void;
  /** Says something worth knowing that is no error: a rotated file. */
  note(text: string): void;
}

export interface LiveConnection {
  /** Stops reading, for good. */
  close(): void;
  /** Connects at once, instead of after the countdown or never again. */
  retry(): void;
  /** There is room again. */
  resume(): void;
}

/** What a driver needs of its host. */
export interface LivePlace {
  /** Where a data file of the notebook is, or would be. Rejects where it may not be read. */
  path(name: string): Promise<string>;
  /** Standard input, where there is one. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Wall clock, ms since the epoch. */
  now(): number;
}

export type OpenLive = (input: LiveInput, sink: LiveSink, place: LivePlace) => LiveConnection;
