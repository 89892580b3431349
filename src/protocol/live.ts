/**
 * Live sources between a session, the page and its host. The session asks for a source; the host connects, writes the rows
 * down, and hands the lines it wrote over; the page carries them to the session and shows how the connection is.
 */

/** A live source as a session asks for it. */
export interface LiveRequest {
  /** Says all that decides how its rows are read: two sources of one key are one connection. */
  readonly key: string;
  /** What its recording is called: the variable that holds it, where there is one. */
  readonly name: string;
  readonly input: {
    readonly kind: "live";
    readonly connector: string;
    readonly name: string;
    readonly format: string | null;
    readonly options: Readonly<Record<string, unknown>>;
  };
  readonly eventTime: { readonly column: string; readonly unit: string | null; readonly timeZone: string | null };
  readonly partition: string | null;
  /** Column types that the cell states. */
  readonly types: Readonly<Record<string, string>>;
}

/** Whether the host connects, or the user has to be asked about the address first. */
export type LiveAnswer =
  | { readonly status: "open" }
  | { readonly status: "ask"; readonly address: string; readonly host: string };

export type LiveStatus = "connecting" | "connected" | "waiting" | "retrying" | "failed" | "ended" | "stopped";

/** How a recording is read in the place of the source: the file, and the options of `source` besides the watermark. */
export interface LiveReplay {
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The rows' own columns. */
  readonly columns: readonly string[];
}

export interface LiveRecording {
  /** Whether rows are being written down. */
  readonly on: boolean;
  /** The folder and the file of the rows; null before the first. */
  readonly folder: string;
  readonly file: string | null;
  readonly bytes: number;
  readonly rows: number;
  /** Why nothing more is written: a full disk. */
  readonly problem: string | null;
  /** Once it is complete. */
  readonly replay: LiveReplay | null;
}

/** How a live source is. Times in ms since the epoch. */
export interface LiveState {
  readonly key: string;
  readonly name: string;
  /** The address, the file, or what is simulated. */
  readonly from: string;
  readonly status: LiveStatus;
  /** Whether nothing more will come, whatever the reason. */
  readonly over: boolean;
  readonly reason: string;
  /** When it connects again; null where it does not. */
  readonly retryAt: number | null;
  readonly rows: number;
  /** Rows a second, over the last five. */
  readonly rate: number;
  /** Rows that came while nobody took any, and were let go. */
  readonly shed: number;
  /** Bytes that wait to be taken. */
  readonly waiting: number;
  readonly lastArrival: number | null;
  readonly recording: LiveRecording;
  /** What happened that is no error, newest last: a rotated file. */
  readonly notes: readonly string[];
}

/** What is new of a live source. */
export interface LiveUpdate {
  readonly key: string;
  /** Types of the rows' columns in order, once they are known: with the first rows. */
  readonly types: Readonly<Record<string, string>> | null;
  /** Recorded lines, each with its end. */
  readonly lines: string;
  /** Processing time, ms, up to which every row that arrived has been handed over. */
  readonly known: number;
  /** When reading stopped; null while it goes on. */
  readonly ended: number | null;
  readonly state: LiveState;
}

/** The part of it that the notebook's kernel is told: nothing of where recordings are. */
export type LiveRows = Omit<LiveUpdate, "state">;

/** `stop` ends the source, `close` forgets it; `retry` connects at once; `record` and `pause-recording` turn the writing on and off. */
export type LiveAction = "stop" | "close" | "retry" | "record" | "pause-recording";
