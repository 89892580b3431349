/** Opening, saving, recovering: the traffic between the open notebook and the host. */
import { effect, signal } from "@preact/signals";
import { readNotebook } from "../../notebook/read.ts";
import { NotebookError } from "../../notebook/document.ts";
import type { NotebookEntry, OpenedNotebook } from "../../protocol/host.ts";
import { initial } from "../connection/early.ts";
import { host } from "../connection/host.ts";
import { file, notebook, savedText, showNotebook, text, unsaved } from "./notebook.ts";
import { runNothing, startKernel, stopKernel, trusted } from "./session.ts";
import { openSource, overlay, say, selectedCell } from "./ui.ts";

export const entries = signal<readonly NotebookEntry[]>([]);
/** Unsaved work of an earlier time that was found in the journal. */
export const recovered = signal<string | null>(null);
/** Why nothing is open; null when something is, or nothing was tried. */
export const openProblem = signal<string | null>(null);
export const saving = signal(false);
/** Why the last save was refused, for the question whether to overwrite. */
export const conflict = signal("");

/** Opens what the app was started with, and lists the notebooks beside it. */
export async function openInitial(): Promise<void> {
  try {
    const opened = await initial;
    if (opened === null) runNothing();
    else await show(opened);
    entries.value = await host.notebooks();
  } catch (error) {
    runNothing();
    openProblem.value = reasonOf(error);
  }
}

/** Opens a notebook of the list; asks first when there is unsaved work. */
export async function openEntry(entry: NotebookEntry): Promise<void> {
  if (!(await leave())) return;
  await attempt(async () => show(await host.open(entry.handle)));
}

export async function openOther(): Promise<void> {
  if (!(await leave())) return;
  await attempt(async () => {
    const opened = await host.chooseAndOpen();
    if (opened !== null) await show(opened);
  });
}

export async function createNotebook(name: string): Promise<boolean> {
  if (!(await leave())) return false;
  return attempt(async () => {
    await show(await host.create(name));
    entries.value = await host.notebooks();
  });
}

export type LeaveAnswer = "save" | "discard" | "stay";
let answerLeaving: ((answer: LeaveAnswer) => void) | null = null;

/** Before another notebook takes the place of one with unsaved work, the user says what becomes of it. */
async function leave(): Promise<boolean> {
  if (!unsaved.peek()) return true;
  overlay.value = "leave";
  const answer = await new Promise<LeaveAnswer>(done => {
    answerLeaving?.("stay");
    answerLeaving = done;
  });
  answerLeaving = null;
  if (answer === "save") return save(false);
  const opened = file.peek();
  if (answer === "discard" && opened !== null) await host.journal(opened.handle, null);
  return answer === "discard";
}

/** Hands over what the user said about unsaved work; a question that is closed without an answer means to stay. */
export function answerLeave(answer: LeaveAnswer): void {
  answerLeaving?.(answer);
  if (overlay.peek() === "leave") overlay.value = null;
}

async function show(opened: OpenedNotebook): Promise<void> {
  try {
    const document = readNotebook(opened.text, {
      file: opened.name,
      onNote: note => say(`${opened.name}, line ${note.line}: ${note.message}`),
    });
    stopKernel();
    openProblem.value = null;
    showNotebook(document, { handle: opened.handle, name: opened.name, files: opened.files }, opened.text);
    selectedCell.value = document.cells[0]?.id ?? null;
    openSource.value = null;
    trusted.value = opened.trusted;
    recovered.value = null;
    if (opened.trusted) startKernel("all");
    else runNothing();
    const found = await host.recover(opened.handle);
    if (file.peek()?.handle === opened.handle) recovered.value = found;
  } catch (error) {
    if (!(error instanceof NotebookError)) throw error;
    runNothing();
    openProblem.value = error.message;
  }
}

/** Says that the notebook as it is shown may run, and runs it. */
export async function trustAndRun(): Promise<void> {
  const opened = file.peek();
  if (opened === null) return;
  await attempt(async () => {
    await host.trust(opened.handle, text.peek());
    trusted.value = true;
    startKernel("all");
  });
}

/** Saves. With `force`, also over what another program wrote. Gives whether the disk now has what the screen shows. */
export async function save(force: boolean): Promise<boolean> {
  const opened = file.peek();
  if (opened === null || notebook.peek() === null) return false;
  const content = text.peek();
  saving.value = true;
  try {
    const answer = await host.save(opened.handle, content, { force });
    if (!answer.saved) {
      conflict.value = answer.reason;
      overlay.value = "conflict";
      return false;
    }
    savedText.value = content;
    await host.journal(opened.handle, null);
    // What she wrote and ran herself may run when she opens it again.
    if (trusted.peek()) await host.trust(opened.handle, content);
    return true;
  } catch (error) {
    say(`Not saved: ${reasonOf(error)}`);
    return false;
  } finally {
    saving.value = false;
  }
}

/** Takes the unsaved work of the journal. It was not confirmed as trusted in this form, so it is previewed first. */
export function takeRecovered(): void {
  const opened = file.peek();
  const found = recovered.peek();
  if (opened === null || found === null) return;
  try {
    const document = readNotebook(found, { file: opened.name });
    stopKernel();
    trusted.value = false;
    showNotebook(document, opened, savedText.peek());
    recovered.value = null;
  } catch (error) {
    say(`The unsaved work can't be read: ${reasonOf(error)}`);
  }
}

export function discardRecovered(): void {
  const opened = file.peek();
  recovered.value = null;
  if (opened !== null) void host.journal(opened.handle, null);
}

/** Keeps unsaved work on the disk: at most one second of it is ever at risk. */
export function keepJournal(): void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  effect(() => {
    const opened = file.value;
    // Reading the text here makes this run on every change.
    if (text.value === "" || opened === null || !unsaved.value || recovered.value !== null) return;
    timer ??= setTimeout(() => {
      timer = null;
      if (unsaved.peek() && file.peek() === opened) {
        host.journal(opened.handle, text.peek()).catch(error => say(`The journal can't be kept: ${reasonOf(error)}`));
      }
    }, 1_000);
  });
  addEventListener("beforeunload", event => {
    if (unsaved.peek()) event.preventDefault();
  });
}

async function attempt(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    say(reasonOf(error));
    return false;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
