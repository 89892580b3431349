/**
 * One kernel: a sandboxed frame with an origin of its own in which the cells run. The shell speaks to it over a message
 * port and nothing else. Removing the frame ends the kernel, even one in an endless loop.
 */
import type { SessionMessage, ShellMessage } from "../../protocol/session.ts";

export interface KernelListener {
  message(message: SessionMessage): void;
  /** The frame did not come up. */
  failed(reason: string): void;
}

/** How long a kernel may take to load, ms. */
const patience = 20_000;

export class KernelFrame {
  readonly #frame: HTMLIFrameElement;
  readonly #listener: KernelListener;
  readonly #greet: (event: MessageEvent) => void;
  readonly #timer: ReturnType<typeof setTimeout>;
  #port: MessagePort | null = null;
  #waiting: [ShellMessage, Transferable[]][] = [];

  constructor(url: string, listener: KernelListener) {
    this.#listener = listener;
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
    this.#greet = event => this.#connect(event);
    addEventListener("message", this.#greet);
    this.#timer = setTimeout(() => listener.failed("the kernel did not answer within 20 s"), patience);
    frame.src = url;
    document.body.append(frame);
  }

  send(message: ShellMessage, transfer: Transferable[] = []): void {
    if (this.#port === null) this.#waiting.push([message, transfer]);
    else this.#port.postMessage(message, transfer);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    removeEventListener("message", this.#greet);
    if (this.#port !== null) this.#port.onmessage = null;
    this.#port?.close();
    this.#frame.remove();
  }

  /** The frame's origin is opaque, so its window tells who speaks; only its first greeting is answered. */
  #connect(event: MessageEvent): void {
    if (event.source !== this.#frame.contentWindow || event.data !== "tidemark-kernel" || this.#port !== null) return;
    clearTimeout(this.#timer);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = received => this.#listener.message(received.data as SessionMessage);
    this.#frame.contentWindow?.postMessage("tidemark-shell", "*", [port2]);
    for (const [message, transfer] of this.#waiting) port1.postMessage(message, transfer);
    this.#waiting = [];
  }
}
