/**
 * Live sources as the page sees them: asks the host to connect, once the user let it; carries what comes to the kernel; and
 * knows how each connection is. The host, not the kernel, says that: what is on screen about connections is the truth.
 */
import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { withRecording } from "../../notebook/live-calls.ts";
import type { LiveAction, LiveRecording, LiveRequest, LiveState, LiveUpdate } from "../../protocol/live.ts";
import { host } from "../connection/host.ts";
import { cellWithId, changeCell, file } from "./notebook.ts";
import { say } from "./ui.ts";

/** How a live source is: as its host says, or waiting for the user, or refused by the host. */
export type LiveView =
  | { readonly kind: "asking"; readonly address: string; readonly host: string; readonly request: LiveRequest }
  | { readonly kind: "declined"; readonly host: string; readonly request: LiveRequest }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "live"; readonly state: LiveState };

/** Gives updates to the kernel. */
type Carry = (updates: readonly LiveUpdate[]) => void;

/** Milliseconds before the host is asked again that did not answer. */
const PATIENCE = 1_000;

const views = new Map<string, Signal<LiveView | null>>();
/** The kernel that sources are read for, and how they get there; a new one for each. */
let session = "";
let carry: Carry = () => {};
const open = new Set<string>();
const closing = new Map<string, Promise<void>>();
let polling = false;

export function liveView(key: string): Signal<LiveView | null> {
  let found = views.get(key);
  if (found === undefined) {
    found = signal<LiveView | null>(null);
    views.set(key, found);
  }
  return found;
}

/** Begins anew for another kernel; null: there is none any more. What the one before read is stopped. */
export function startLive(to: Carry | null): void {
  const handle = file.peek()?.handle;
  if (handle !== undefined) for (const key of open) host.liveAct(handle, session, key, "close").catch(() => undefined);
  open.clear();
  for (const view of views.values()) view.value = null;
  session = crypto.randomUUID();
  carry = to ?? (() => {});
}

/** Connects to what the kernel asks for. */
export async function openLive(request: LiveRequest): Promise<void> {
  const handle = file.peek()?.handle;
  const mine = session;
  if (handle === undefined) return;
  const view = liveView(request.key);
  try {
    await closing.get(request.key);
    const answer = await host.liveOpen(handle, mine, request);
    if (mine !== session) return;
    if (answer.status === "ask") {
      view.value = { kind: "asking", address: answer.address, host: answer.host, request };
      return;
    }
    open.add(request.key);
    void poll();
  } catch (error) {
    if (mine === session) view.value = { kind: "refused", reason: reasonOf(error) };
  }
}

/** The user lets the notebook connect to the address it asked for. */
export async function allowAddress(key: string): Promise<void> {
  const asking = liveView(key).peek();
  const handle = file.peek()?.handle;
  if (asking?.kind !== "asking" || handle === undefined) return;
  try {
    await host.liveAllow(handle, asking.address);
    await openLive(asking.request);
  } catch (error) {
    say(reasonOf(error));
  }
}

/** The user does not want it to connect now; nothing is remembered. */
export function declineAddress(key: string): void {
  const view = liveView(key);
  const asking = view.peek();
  if (asking?.kind === "asking") view.value = { kind: "declined", host: asking.host, request: asking.request };
}

/** Nobody reads a source any more. One of the same key that is opened next is another one, and waits for this. */
export function closeLive(key: string): void {
  open.delete(key);
  liveView(key).value = null;
  const closed = act(key, "close").finally(() => closing.delete(key));
  closing.set(key, closed);
}

export async function act(key: string, action: LiveAction): Promise<void> {
  const handle = file.peek()?.handle;
  if (handle === undefined) return;
  try {
    await host.liveAct(handle, session, key, action);
  } catch (error) {
    say(reasonOf(error));
  }
}

/** Asks the host for what is new, again and again, as long as anything is open. */
async function poll(): Promise<void> {
  if (polling) return;
  polling = true;
  try {
    while (open.size > 0) {
      const handle = file.peek()?.handle;
      const mine = session;
      if (handle === undefined) return;
      try {
        const updates = await host.liveNext(handle, mine);
        if (mine !== session) continue;
        for (const { key, state } of updates) if (open.has(key)) liveView(key).value = { kind: "live", state };
        // A source that is over and complete has nothing more to say.
        for (const { key, ended, state } of updates)
          if (ended !== null && isComplete(state.recording)) open.delete(key);
        if (updates.length > 0) carry(updates);
      } catch {
        await new Promise(done => setTimeout(done, PATIENCE));
      }
    }
  } finally {
    polling = false;
  }
}

/** Whether nothing more becomes of a recording whose source is over. */
function isComplete({ file: rows, replay, problem }: LiveRecording): boolean {
  return replay !== null || problem !== null || rows === null;
}

/** Puts the recording in the place of the live source, in the cell that reads it: an edit like any other. Gives whether it could. */
export function replayRecording(cell: number, state: LiveState): boolean {
  const { replay } = state.recording;
  const text = cellWithId(cell)?.source;
  if (replay === null || text === undefined) return false;
  const next = withRecording(text, state.from === "standard input" ? "-" : state.from, replay);
  if (next === null) {
    say(`The call of source(…) was not found in the cell. The recording is ${replay.file}.`);
    return false;
  }
  changeCell(cell, next, "replay the recording");
  return true;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
