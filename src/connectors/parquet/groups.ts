/** Reads Parquet a row group at a time, from ranges of the file. */
import type { GroupedFile, Range, RangeFile } from "../groups/grouped-file.ts";
import type { FoundColumn } from "../whole-columns.ts";
import { unreadable } from "./decode.ts";
import { ParquetFile, type ParquetGroup, roomFor } from "./file.ts";

export class ParquetGroups implements GroupedFile {
  readonly groups: readonly ParquetGroup[];
  readonly columns: readonly FoundColumn[];
  readonly nullable: ReadonlySet<string>;
  readonly #file: ParquetFile;
  readonly #name: string;

  private constructor(file: ParquetFile, name: string) {
    this.#file = file;
    this.#name = name;
    this.groups = file.groups;
    this.columns = file.columns.map(column => ({
      name: column.name,
      local: column.local,
      column: roomFor(column, 0).take().column,
    }));
    // A floating-point column may hold NaN for "no value" though it is required.
    const mayBe = (type: string, optional: boolean): boolean => optional || type === "number" || type === "json";
    this.nullable = new Set(file.columns.filter(c => mayBe(c.type, c.optional)).map(c => c.name));
  }

  /** Reads the footer. Throws a `SourceError` when it cannot be read. */
  static async open(file: RangeFile): Promise<ParquetGroups> {
    try {
      const bytes = { size: file.size, slice: (from: number, to: number) => file.read(from, to) };
      return new ParquetGroups(await ParquetFile.open(bytes, file.name), file.name);
    } catch (error) {
      throw unreadable(error, file.name);
    }
  }

  async read(group: number, columns: ReadonlySet<string> | null): Promise<readonly FoundColumn[]> {
    try {
      const fetched = columns === null ? await this.#file.fetch(group) : null;
      const found: FoundColumn[] = [];
      for (const column of this.#file.columns) {
        if (columns !== null && !columns.has(column.name)) continue;
        const filling = roomFor(column, this.groups[group].rows);
        await this.#file.read(column, group, filling, 0, fetched);
        found.push({ name: column.name, local: column.local, ...filling.take() });
      }
      return found;
    } catch (error) {
      throw unreadable(error, this.#name);
    }
  }

  range(name: string, group: number): Range | null {
    const column = this.#file.columns.find(c => c.name === name);
    return column === undefined || (column.type !== "number" && column.type !== "timestamp")
      ? null
      : this.#file.range(column, group);
  }
}
