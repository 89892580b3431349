/** Which run is being worked: whether a new plan goes on with it or begins another, and which rows it waits for. */
import { Run, type RunOptions, type Tap } from "../engine/run.ts";
import { profileNamed } from "../model/profiles.ts";
import type { Node } from "../pipeline/node.ts";
import type { SourceNode } from "../pipeline/verbs/source.ts";
import { isLive, liveKey } from "./live-sources.ts";
import type { Playback } from "./playback.ts";
import type { SourceFiles } from "./source-files.ts";

export class CurrentRun {
  readonly #files: SourceFiles;
  readonly #playback: Playback;
  readonly #codegen: boolean | undefined;
  #run: Run | null = null;
  /** What the run waits for in a log that is read in parts, as far as somebody listens. */
  #waited: Promise<void> | null = null;

  constructor(files: SourceFiles, playback: Playback, codegen: boolean | undefined) {
    this.#files = files;
    this.#playback = playback;
    this.#codegen = codegen;
  }

  /** The run; null before the first plan has been taken up. */
  get run(): Run | null {
    return this.#run;
  }

  /** How much of what has passed some taps have seen while they catch up, the one that is behind the most; null: everything. */
  behindOf(taps: readonly Tap[]): number | null {
    const run = this.#run;
    if (run === null) return null;
    const shares = taps.flatMap(tap => run.behindOf(tap) ?? []);
    return shares.length === 0 ? null : Math.min(...shares);
  }

  /**
   * Gives the run a new pipeline. A run over the same sources goes on; any other begins again and works to the same moment.
   * Throws where the pipeline cannot be run.
   */
  takeOver(roots: readonly Node[], taps: readonly Tap[], profileName: string): void {
    const logs = (source: SourceNode) => this.#files.log(source);
    const profile = profileNamed(profileName);
    const before = this.#run;
    if (before === null || before.profile !== profile) {
      const supply: RunOptions["supply"] = (source, from, columns) => this.#files.supply(source, from, columns);
      const run = new Run(roots, { logs, supply, profile, codegen: this.#codegen });
      before?.close();
      for (const tap of taps) {
        tap.reset();
        run.tap(tap);
      }
      this.#run = run;
      this.#playback.takeOver(run);
      return;
    }
    // A run without sources has ended before it began; that is nowhere to return to.
    const was = before.totalRows === 0 ? { clock: -Infinity, finished: false } : before.progress;
    // Checkpoints outlive an edit: what it brought is worked up to them when they are used. Other sources are another replay.
    if (before.replan(roots, taps) === "restarted") this.#playback.restarted(was);
    else this.#playback.edited(new Set(taps));
  }

  /** Hands the logs of live sources, given by their keys, to the run, as far as it reads them: they have grown. */
  extend(keys: ReadonlySet<string>): void {
    const run = this.#run;
    for (const { id, node } of run?.graph.nodes ?? []) {
      if (node.verb !== "source" || !isLive(node) || !keys.has(liveKey(node))) continue;
      if (run?.feed(id)?.ended === false) run.extend(id, this.#files.log(node));
    }
  }

  /** Calls `come` when the rows are here that the run waits for, if it does; or `failed` where they cannot be read, with the reason. */
  awaitRows(come: () => void, failed: (reason: string) => void): void {
    const run = this.#run;
    const waiting = run?.waiting ?? null;
    if (waiting === null || waiting === this.#waited) return;
    this.#waited = waiting;
    waiting.then(come, (error: unknown) => {
      if (this.#run !== run || this.#waited !== waiting) return;
      failed(error instanceof Error ? error.message : String(error));
    });
  }
}
