/**
 * What a host offers the app: the desktop's preload and the browser's local server each implement this one interface,
 * and everything above it is the same. Files are named by handles that the host gave out, never by paths from a page.
 */

import type { LiveAction, LiveAnswer, LiveRequest, LiveUpdate } from "./live.ts";

export interface OpenedNotebook {
  /** The host's handle; opaque to the app. */
  readonly handle: string;
  /** File name without folder, for the title bar. */
  readonly name: string;
  readonly text: string;
  /** Whether this very content may run (the user said so, or made it here). */
  readonly trusted: boolean;
  /** Names of the data files it may read: those in its folder and in `samples` beside it. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

/** What the local server tells with the page, as JSON in an element with the id `FIRST_ANSWERS`: what the page would ask first. */
export interface FirstAnswers {
  readonly kernelUrl?: string;
  readonly initial?: OpenedNotebook | null;
}

export const FIRST_ANSWERS = "first-answers";

export interface NotebookEntry {
  readonly handle: string;
  readonly name: string;
  readonly title: string;
}

/** A part of a data file, for those that are too large to be read at once. */
export interface FilePart {
  readonly bytes: ArrayBuffer;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Another text when the file has changed. */
  readonly version: string;
}

export interface Host {
  readonly kind: "desktop" | "browser";
  /** Where the kernel frame of a new session is served: an origin of its own per kernel. */
  kernelUrl(): Promise<string>;
  /** The notebook the app was started with, or null. */
  initial(): Promise<OpenedNotebook | null>;
  /** The notebooks beside the initial one. */
  notebooks(): Promise<readonly NotebookEntry[]>;
  open(handle: string): Promise<OpenedNotebook>;
  /** Asks the user for a file; null when she cancels. The browser host lists its folder instead. */
  chooseAndOpen(): Promise<OpenedNotebook | null>;
  create(name: string): Promise<OpenedNotebook>;
  /** Writes the notebook atomically (write, fsync, rename). Fails if the file changed on disk since it was read, unless `force`. */
  save(
    handle: string,
    text: string,
    options: { force: boolean },
  ): Promise<{ readonly saved: true } | { readonly saved: false; readonly reason: string }>;
  /** Keeps a crash journal beside the file, so that unsaved work survives. */
  journal(handle: string, text: string | null): Promise<void>;
  /** The journal's content if it is newer than the file. */
  recover(handle: string): Promise<string | null>;
  /** Says that this content may run. */
  trust(handle: string, text: string): Promise<void>;
  /** Reads a data file that the notebook may see. */
  readData(handle: string, name: string): Promise<ArrayBuffer>;
  /** Reads bytes `[from, to)` of such a file, or as many of them as there are; none where both are 0. */
  readPart(handle: string, name: string, from: number, to: number): Promise<FilePart>;
  /** Saves files the user asked for (exports, pictures) where she chooses, or as downloads. */
  saveFiles(files: readonly { readonly name: string; readonly text: string }[]): Promise<boolean>;
  openExternal(url: string): Promise<void>;
  /** Connects to a live source, or says that the user has to be asked about its address. `session` names one kernel. */
  liveOpen(handle: string, session: string, request: LiveRequest): Promise<LiveAnswer>;
  /** Remembers that the user lets the notebook connect to an address. */
  liveAllow(handle: string, address: string): Promise<void>;
  /** Waits for what is new of the live sources, a fifth of a second at most: the page's heartbeat. */
  liveNext(handle: string, session: string): Promise<readonly LiveUpdate[]>;
  liveAct(handle: string, session: string, key: string, action: LiveAction): Promise<void>;
}
