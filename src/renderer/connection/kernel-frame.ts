/**
 * One kernel: a sandboxed frame with an origin of its own in which the cells run. The shell speaks to it over a message
 * port and nothing else. Removing the frame ends the kernel, even one in an endless loop.
 */
import type { SessionMessage, ShellMessage } from "../../protocol/session.ts";
import { host } from "./host.ts";

export interface KernelListener {
  message(message: SessionMessage): void;
  /** The frame did not come up. */
  failed(reason: string): void;
}

/** How long a kernel may take to load, ms. */
const patience = 20_000;

/** A kernel that comes up while the notebook is still being read. */
let early: KernelFrame | null = null;

/** Begins to bring up the next kernel, without any cell: most of what a first run waits for is its code. */
export function prepareKernel(): void {
  early ??= new KernelFrame();
}

/** Gives the kernel that was prepared, or else a new one. */
export function takeKernel(): KernelFrame {
  const frame = early ?? new KernelFrame();
  early = null;
  return frame;
}

/** Ends the kernel that was prepared, where nothing is to run after all. */
export function discardPrepared(): void {
  early?.dispose();
  early = null;
}

export class KernelFrame {
  readonly #greet: (event: MessageEvent) => void;
  readonly #timer: ReturnType<typeof setTimeout>;
  #frame: HTMLIFrameElement | null = null;
  #listener: KernelListener | null = null;
  #port: MessagePort | null = null;
  #disposed = false;
  #waiting: [ShellMessage, Transferable[]][] = [];
  /** What was said, and why it failed, before anybody listened. */
  #said: SessionMessage[] = [];
  #problem: string | null = null;

  constructor() {
    this.#greet = event => this.#connect(event);
    addEventListener("message", this.#greet);
    this.#timer = setTimeout(() => this.#fail("the kernel did not answer within 20 s"), patience);
    host.kernelUrl().then(
      url => this.#load(url),
      error => this.#fail(error instanceof Error ? error.message : String(error)),
    );
  }

  /** Hands over what was said so far, and from now on everything. */
  listen(listener: KernelListener): void {
    this.#listener = listener;
    if (this.#problem !== null) listener.failed(this.#problem);
    for (const message of this.#said.splice(0)) listener.message(message);
  }

  send(message: ShellMessage, transfer: Transferable[] = []): void {
    if (this.#port === null) this.#waiting.push([message, transfer]);
    else this.#port.postMessage(message, transfer);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    removeEventListener("message", this.#greet);
    if (this.#port !== null) this.#port.onmessage = null;
    this.#port?.close();
    this.#frame?.remove();
  }

  #load(url: string): void {
    if (this.#disposed) return;
    const frame = document.createElement("iframe");
    // Never allow-same-origin: with it the cells could reach the origin's storage and the frame could lift its own sandbox.
    frame.setAttribute("sandbox", "allow-scripts");
    frame.setAttribute("aria-hidden", "true");
    frame.tabIndex = -1;
    frame.title = "kernel";
    // A frame that is not displayed gets no animation frames; one pixel that nobody sees does.
    frame.style.cssText =
      "position:fixed;right:0;bottom:0;width:1px;height:1px;border:0;opacity:0.01;pointer-events:none";
    this.#frame = frame;
    frame.src = url;
    document.body.append(frame);
  }

  #fail(reason: string): void {
    if (this.#disposed) return;
    this.#problem = reason;
    this.#listener?.failed(reason);
  }

  /** The frame's origin is opaque, so its window tells who speaks; only its first greeting is answered. */
  #connect(event: MessageEvent): void {
    const within = this.#frame?.contentWindow ?? null;
    if (within === null || event.source !== within || event.data !== "tidemark-kernel" || this.#port !== null) return;
    clearTimeout(this.#timer);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }: MessageEvent<SessionMessage>) => {
      if (this.#listener === null) this.#said.push(data);
      else this.#listener.message(data);
    };
    within.postMessage("tidemark-shell", "*", [port2]);
    for (const [message, transfer] of this.#waiting) port1.postMessage(message, transfer);
    this.#waiting = [];
  }
}
