/** Says in one sentence what is wrong with a source's settings or file, where, and the way out. */
export class SourceError extends Error {
  readonly file: string;
  readonly line: number | null;
  readonly field: string | null;
  readonly value: string | null;
  constructor(message: string, at: { file: string; line?: number; field?: string; value?: string }) {
    super(message);
    this.name = "SourceError";
    this.file = at.file;
    this.line = at.line ?? null;
    this.field = at.field ?? null;
    this.value = at.value ?? null;
  }
}
