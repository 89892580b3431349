/** A small server of live sources for tests: JSON lines, server-sent events and WebSocket messages, when the test says so. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";

export class LiveServer {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #open = new Set<ServerResponse>();
  readonly #sockets = new Set<Duplex>();
  readonly #connections = new Set<Socket>();
  /** What was asked: the path, and the last event's id. */
  readonly asked: { readonly path: string; readonly lastEventId: string | undefined }[] = [];
  /** Whether new connections are turned away with 503. */
  down = false;
  /** What clients of WebSockets sent. */
  readonly sent: string[] = [];

  constructor() {
    this.#server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
    this.#server.on("connection", socket => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
  }

  async start(port = 0): Promise<number> {
    await new Promise<void>(done => this.#server.listen(port, "127.0.0.1", done));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections on which something can be sent. */
  get listeners(): number {
    return this.#open.size + this.#sockets.size;
  }

  /** Sends a text to all who read HTTP streams. Says whether all of it went to the network at once. */
  send(text: string): boolean {
    return [...this.#open].map(response => response.write(text)).every(Boolean);
  }

  event(id: number, row: unknown): void {
    this.send(`id: ${id}\ndata: ${JSON.stringify(row)}\n\n`);
  }

  /** Sends a message to all WebSockets. */
  message(text: string): void {
    for (const socket of this.#sockets) socket.write(frame(0x1, Buffer.from(text)));
  }

  /** Ends every stream in order. */
  end(): void {
    for (const response of this.#open) response.end();
    for (const socket of this.#sockets) socket.end(frame(0x8, Buffer.from([0x03, 0xe8])));
  }

  /** Breaks every connection. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>(done => this.#server.close(() => done()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "/";
    const lastEventId = request.headers["last-event-id"];
    this.asked.push({ path, lastEventId: typeof lastEventId === "string" ? lastEventId : undefined });
    if (this.down) {
      response.writeHead(503, { "retry-after": "1" }).end();
      return;
    }
    switch (path) {
      case "/events":
      case "/lines":
        response.writeHead(200, {
          "content-type": path === "/events" ? "text/event-stream" : "application/x-ndjson",
        });
        if (path === "/events") response.write("retry: 200\n\n");
        response.flushHeaders();
        this.#open.add(response);
        response.on("close", () => this.#open.delete(response));
        return;
      case "/elsewhere":
        response.writeHead(302, { location: "http://other.example/secret" }).end();
        return;
      case "/over":
        response.writeHead(204).end();
        return;
      default:
        response.writeHead(404).end();
    }
  }

  /** RFC 6455: the handshake, and frames of text shorter than 64 kB. */
  #upgrade(request: IncomingMessage, socket: Duplex): void {
    if (this.down) {
      socket.destroy();
      return;
    }
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      if ((chunk[0] & 15) === 8) socket.end();
      if ((chunk[0] & 15) !== 1 || (chunk[1] & 127) > 125) return;
      const mask = chunk.subarray(2, 6);
      this.sent.push(String(chunk.subarray(6).map((byte, i) => byte ^ mask[i % 4])));
    });
  }
}

function frame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([head, payload]);
}
