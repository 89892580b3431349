/** What decoders of text have in common: the log that they build, and what is told of it meanwhile. */
import { LogBuilder } from "./log-builder.ts";
import type { DecodedLog, DecodeOptions } from "./log.ts";
import { atOnce, type Pieces } from "./pieces.ts";

export class LogDecoder {
  protected readonly log: LogBuilder;
  bytesRead = 0;

  constructor(options: DecodeOptions) {
    this.log = new LogBuilder(options);
  }

  get rowsRead(): number {
    return this.log.rows;
  }

  get errorsFound(): number {
    return this.log.errors.length;
  }

  finish(): DecodedLog {
    return atOnce(this.log.finish());
  }

  finishing(): Pieces<DecodedLog> {
    return this.log.finish();
  }
}
