/** A checksum of a change log or of a table that does not depend on the order of rows. */
export class Fold {
  chk: number;
  plus: number;
  minus: number;
  add(key: number, window: number, a: number, b: number, diff?: number): void;
}
/** The number in a key's name. */
export function kid(name: unknown): number;
/** Seconds from the start of the data set. */
export function wid(time: number): number;
