/** Columns that a cell states for rows which a function of its own makes. */
import type { ColumnType, Field } from "../columns/column.ts";

/** Checks stated columns; each may be null. Throws for a type that does not exist. */
export function statedFields(columns: Readonly<Record<string, ColumnType>>): Field[] {
  return Object.entries(columns).map(([name, type]) => {
    if (!["number", "timestamp", "boolean", "string", "json"].includes(type))
      throw new Error(
        `There is no column type "${type}" (for "${name}"). There are: number, timestamp, boolean, string, json.`,
      );
    return { name, type, nullable: true };
  });
}
