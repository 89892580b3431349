/** Says which part of a source each row belongs to: its partition, or with `per: "key"` its key. */
import { columnNamed } from "../../columns/batch.ts";
import { valueAt } from "../../columns/column.ts";
import { Dictionary } from "../../columns/dictionary.ts";
import type { Profile } from "../../model/profiles.ts";
import type { WatermarkStrategy } from "../../model/watermarks.ts";
import type { SourceLog } from "../../pipeline/source-log.ts";
import { watermarkKey } from "../../pipeline/verbs/source.ts";

/** The part of each row as a code, -1 where it has none, and the names of the codes. */
export interface Parts {
  readonly codes: Int32Array;
  readonly names: Dictionary;
}

export class PartsOfLog {
  readonly #strategy: WatermarkStrategy;
  readonly #streamTime: boolean;
  /** Names and codes of keys that are not strings: a log that grows keeps the codes of its beginning. */
  readonly #names = new Dictionary();
  #codes = new Int32Array(0);

  constructor(strategy: WatermarkStrategy, profile: Profile) {
    this.#strategy = strategy;
    this.#streamTime = profile.streamTime;
  }

  /**
   * Returns the parts of a log that begins with the rows of the one before, or null where the source has one watermark
   * as a whole. Throws where the key's column is not one of the log's.
   */
  of(log: SourceLog): Parts | null {
    const key = watermarkKey(this.#strategy, log.batch.schema);
    if (this.#streamTime || this.#strategy.per === "source") return null;
    if (key !== null) return this.#keys(log, key);
    return log.partition === null || log.partitions === null ? null : { codes: log.partition, names: log.partitions };
  }

  #keys(log: SourceLog, key: string): Parts {
    const column = columnNamed(log.batch, key);
    if (column.type === "string") return { codes: column.codes, names: column.dictionary };
    // A log that is read in parts does not begin with the rows of the one before: its codes are looked up again.
    if (log.whole !== undefined) this.#codes = new Int32Array(0);
    const codes = new Int32Array(log.batch.length);
    codes.set(this.#codes);
    for (let row = this.#codes.length; row < codes.length; row++) {
      const value = valueAt(column, row);
      codes[row] = value === null ? -1 : this.#names.code(JSON.stringify(value));
    }
    this.#codes = codes;
    return { codes, names: this.#names };
  }
}
