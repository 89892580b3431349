/**
 * One live source on its host: what the driver reads is stamped with the clock, written down, and kept until somebody takes
 * it. The lines that are written are the lines that are handed over, so a replay of the file is what was seen.
 *
 * ```
 * driver ──records──▶ stamp ──line──▶ recording
 *    ▲                  └────line──▶ queue ──next──▶ session
 *    └─ waits while the queue is full, or, where it cannot, rows are shed and counted
 * ```
 */
import { join } from "node:path";
import type { LiveConnection, LivePlace, LiveRecord, LiveSink, OpenLive } from "../connectors/live/driver.ts";
import { type LiveConnectorSpec, liveConnectors } from "../connectors/live/connectors.ts";
import { liveDrivers } from "../connectors/live/drivers.node.ts";
import { recordedLine } from "../connectors/live/envelope.ts";
import { type LiveReading, sampleTypes } from "../connectors/live/sample.ts";
import type { LiveRecording, LiveReplay, LiveRequest, LiveState, LiveStatus, LiveUpdate } from "../protocol/live.ts";
import { LineFile } from "./line-file.ts";

/** Bytes of lines that wait to be taken, above which the source is made to wait. */
const MOST_WAITING = 16 * 2 ** 20;
/** The columns are told from so many rows, or from those of so many milliseconds after the first. */
const SAMPLE_ROWS = 200;
const SAMPLE_FOR = 500;
/** Milliseconds over which the rate is taken, in as many buckets. */
const RATE_BUCKETS = 5;

/** What is known of a recording, for its descriptor. Times in ms. */
export interface RecordingFacts {
  readonly request: LiveRequest;
  readonly types: Readonly<Record<string, string>>;
  /** File name without its ending. */
  readonly stem: string;
  readonly rows: number;
  readonly bytes: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly ended: number | null;
}

/** Writes what stands beside the lines of a recording. */
export interface RecordingWriter {
  /** Writes the descriptor of a recording that is being written, so that it can be read whatever happens. */
  describe(folder: string, facts: RecordingFacts): Promise<void>;
  /** Completes a recording: Parquet beside the lines, and the descriptor. Says how it is replayed. */
  seal(folder: string, facts: RecordingFacts): Promise<LiveReplay>;
}

export interface LiveFeedOptions {
  readonly place: LivePlace;
  /** Where recordings are written. */
  readonly folder: string;
  readonly writer: RecordingWriter;
  /** Whether rows are written down from the start. Default true. */
  readonly record?: boolean;
  /** For tests: another driver. */
  readonly open?: OpenLive;
  /** Called when there is something new to take. */
  readonly changed?: () => void;
}

interface Recorder {
  readonly file: LineFile;
  readonly stem: string;
  /** Rows and arrivals in it. */
  rows: number;
  first: number | null;
  last: number | null;
  described: boolean;
}

export class LiveFeed {
  readonly request: LiveRequest;
  readonly #options: LiveFeedOptions;
  readonly #spec: LiveConnectorSpec;
  readonly #connection: LiveConnection;
  #status: LiveStatus = "connecting";
  #reason = "";
  #retryAt: number | null = null;
  #types: Record<string, string> | null = null;
  /** Lines until the columns are known, and since the last time somebody took them. */
  #waiting: string[] = [];
  #waitingBytes = 0;
  #firstAt: number | null = null;
  #rows = 0;
  #shed = 0;
  #notes: string[] = [];
  #arrival = -Infinity;
  #known = -Infinity;
  #ended: number | null = null;
  /** Rows of each of the last seconds, by second. */
  readonly #rates = new Map<number, number>();
  #recorder: Recorder | null = null;
  #recording = true;
  #replay: LiveReplay | null = null;
  #problem: string | null = null;
  #sealing: Promise<void> = Promise.resolve();

  constructor(request: LiveRequest, options: LiveFeedOptions) {
    this.request = request;
    this.#options = options;
    this.#recording = options.record ?? true;
    const input = request.input as Parameters<OpenLive>[0];
    this.#spec = liveConnectors[input.connector];
    const isFull = (): boolean => this.#waitingBytes >= MOST_WAITING;
    const sink: LiveSink = {
      take: records => this.#take(records),
      get full() {
        return isFull();
      },
      state: state => {
        if (this.#ended !== null) return;
        this.#status = state.status;
        this.#reason = "reason" in state ? state.reason : "";
        this.#retryAt = state.status === "retrying" ? state.at : null;
        if (state.status === "ended") void this.#end("ended");
        this.#changed();
      },
      note: text => {
        this.#notes = [...this.#notes.slice(-9), text];
        this.#changed();
      },
    };
    this.#connection = (options.open ?? liveDrivers[input.connector])(input, sink, options.place);
  }

  #changed(): void {
    this.#options.changed?.();
  }

  #now(): number {
    return this.#options.place.now();
  }

  /** Whether there is something that whoever takes it would want soon. */
  get news(): boolean {
    return this.#waitingBytes > 0 && this.#types !== null;
  }

  #take(records: readonly LiveRecord[]): void {
    if (this.#ended !== null) return;
    if (!this.#spec.waits && this.#waitingBytes >= MOST_WAITING) {
      this.#shed += records.length;
      this.#changed();
      return;
    }
    // The clock of a machine may be set back; that of a log never goes back, nor behind what was said to be known.
    const now = Math.max(this.#now(), this.#arrival, Math.floor(this.#known) + 1);
    this.#arrival = now;
    this.#firstAt ??= now;
    const { partition } = this.request;
    const lines = records
      .map(({ text, offset }) => `${recordedLine(text, { arrival: now, offset, partition })}\n`)
      .join("");
    this.#waiting.push(lines);
    this.#waitingBytes += lines.length;
    this.#rows += records.length;
    const second = Math.floor(this.#now() / 1_000);
    this.#rates.set(second, (this.#rates.get(second) ?? 0) + records.length);
    for (const old of this.#rates.keys()) if (old < second - RATE_BUCKETS) this.#rates.delete(old);
    this.#write(lines, records.length, now);
    if (this.#types === null) this.#sample();
    this.#changed();
  }

  /** Tells the columns from what has come, once that is enough. */
  #sample(): void {
    if (this.#firstAt === null || this.#types !== null) return;
    if (this.#rows < SAMPLE_ROWS && this.#now() - this.#firstAt < SAMPLE_FOR && this.#ended === null) return;
    const { request } = this;
    const text = this.#waiting.join("");
    const mixed = /^(csv|tsv)$/.test(request.input.format ?? "") || /\.(csv|tsv)$/i.test(request.input.name);
    try {
      this.#types = sampleTypes(text.split("\n").slice(0, -1), this.reading, mixed ? "string" : "json");
    } catch (error) {
      this.#status = "failed";
      this.#reason = error instanceof Error ? error.message : String(error);
      this.#connection.close();
      void this.#end("failed");
      return;
    }
    if (this.#types === null) {
      this.#reason = "no row could be read yet";
      return;
    }
    void this.#describe();
  }

  /** How the rows are read. */
  get reading(): LiveReading {
    const { request } = this;
    return {
      file: request.input.name,
      eventTime: request.eventTime as LiveReading["eventTime"],
      partition: request.partition,
      types: request.types as LiveReading["types"],
    };
  }

  /** Gives what is new, and takes it off the queue. */
  next(): LiveUpdate {
    this.#sample();
    const now = this.#now();
    let lines = "";
    if (this.#types !== null) {
      const wasFull = this.#waitingBytes >= MOST_WAITING;
      lines = this.#waiting.join("");
      this.#waiting = [];
      this.#waitingBytes = 0;
      if (wasFull) this.#connection.resume();
      // Rows may still come in this very millisecond.
      this.#known = Math.max(this.#known, now - 1);
    }
    return {
      key: this.request.key,
      types: this.#types,
      lines,
      known: this.#known,
      ended: this.#ended,
      state: this.state(),
    };
  }

  state(): LiveState {
    const { request } = this;
    const second = Math.floor(this.#now() / 1_000);
    let recent = 0;
    for (let s = second - RATE_BUCKETS; s < second; s++) recent += this.#rates.get(s) ?? 0;
    return {
      key: request.key,
      name: request.name,
      from: request.input.name === "-" ? "standard input" : request.input.name,
      status: this.#status,
      over: this.#ended !== null,
      reason: this.#reason,
      retryAt: this.#retryAt,
      rows: this.#rows,
      rate: recent / RATE_BUCKETS,
      shed: this.#shed,
      waiting: this.#waitingBytes,
      lastArrival: this.#arrival === -Infinity ? null : this.#arrival,
      recording: this.#recordingState(),
      notes: this.#notes,
    };
  }

  #recordingState(): LiveRecording {
    const recorder = this.#recorder;
    return {
      on: this.#recording && this.#ended === null,
      folder: this.#options.folder,
      file: recorder === null ? null : `${recorder.stem}.jsonl`,
      bytes: recorder?.file.bytes ?? 0,
      rows: recorder?.rows ?? 0,
      problem: recorder?.file.problem ?? this.#problem,
      replay: this.#replay,
    };
  }

  // Recording.

  #write(lines: string, count: number, arrival: number): void {
    if (!this.#recording) return;
    if (this.#recorder === null) {
      const stem = `${fileNameOf(this.request.name)}-${stampOf(arrival)}`;
      const file = new LineFile(join(this.#options.folder, `${stem}.jsonl`));
      this.#recorder = { file, stem, rows: 0, first: arrival, last: null, described: false };
      this.#replay = null;
      void this.#describe();
    }
    const recorder = this.#recorder;
    recorder.file.write(lines, count);
    recorder.rows += count;
    recorder.last = arrival;
  }

  #facts(recorder: Recorder, types: Record<string, string>, ended: number | null): RecordingFacts {
    const { stem, rows, first, last, file } = recorder;
    return { request: this.request, types, stem, rows, bytes: file.bytes, first, last, ended };
  }

  async #describe(): Promise<void> {
    const recorder = this.#recorder;
    if (recorder === null || recorder.described || this.#types === null) return;
    recorder.described = true;
    await this.#options.writer
      .describe(this.#options.folder, this.#facts(recorder, this.#types, null))
      .catch(error => (this.#problem = error instanceof Error ? error.message : String(error)));
  }

  /** Completes what was written so far. */
  #seal(ended: number): Promise<void> {
    const recorder = this.#recorder;
    const types = this.#types;
    if (recorder === null) return this.#sealing;
    this.#sealing = this.#sealing.then(async () => {
      await recorder.file.close();
      if (types === null) this.#problem = "no row of it could be read";
      if (types === null || recorder.file.problem !== null) return;
      try {
        this.#replay = await this.#options.writer.seal(this.#options.folder, this.#facts(recorder, types, ended));
      } catch (error) {
        this.#problem = error instanceof Error ? error.message : String(error);
      }
      this.#changed();
    });
    return this.#sealing;
  }

  /** Turns the writing on or off. What was written until then is complete; turned on again, another file begins. */
  async record(on: boolean): Promise<void> {
    if (on === this.#recording || this.#ended !== null) return;
    this.#recording = on;
    if (on) this.#recorder = null;
    else await this.#seal(Math.max(this.#now(), this.#arrival));
    this.#changed();
  }

  retry(): void {
    if (this.#ended === null) this.#connection.retry();
  }

  /** Stops reading; resolves when the recording is complete. */
  async stop(): Promise<void> {
    await this.#end("stopped");
  }

  async #end(status: "ended" | "stopped" | "failed"): Promise<void> {
    if (this.#ended === null) {
      this.#ended = Math.max(this.#now(), this.#arrival, this.#known);
      if (status === "stopped") {
        this.#status = "stopped";
        this.#reason = "";
      }
      this.#retryAt = null;
      this.#connection.close();
      this.#sample();
      this.#changed();
      if (this.#recording) void this.#seal(this.#ended);
    }
    await this.#sealing;
  }
}

/** `payments` stays; whatever a file cannot be called becomes a hyphen. */
function fileNameOf(name: string): string {
  const plain = name.replaceAll(/[^\p{L}\p{N}_-]+/gu, "-").replaceAll(/^-+|-+$/g, "");
  return (plain === "" ? "rows" : plain).slice(0, 60);
}

/** `20260328-235500-123` in UTC. */
function stampOf(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:Z]/g, "").replace("T", "-").replace(".", "-");
}
