/**
 * A live row as it is written down: the object as it came, digit for digit, with when it arrived, through which partition,
 * and where in the source it stood. The notebook reads these very lines, so a replay of them is what was seen.
 */

export const ARRIVAL = "_arrival";
export const PARTITION = "_partition";
export const OFFSET = "_offset";
export const RESERVED = [ARRIVAL, PARTITION, OFFSET] as const;

export interface Envelope {
  /** Processing time, ms. */
  readonly arrival: number;
  readonly offset: number;
  /** The column that says the partition, or null. */
  readonly partition: string | null;
}

/** Writes a record as a line without its end. What is no JSON object is written as it is, on one line: nobody can read it. */
export function recordedLine(text: string, { arrival, offset, partition }: Envelope): string {
  // A newline in JSON can only stand between its parts.
  const line = text.replaceAll(/[\r\n]+/g, " ").trim();
  const object = objectIn(line);
  if (object === null) return line;
  const clash = RESERVED.find(name => Object.hasOwn(object, name));
  // A row of a recording that is sent again has these fields; they are what they were there, under other names.
  if (clash !== undefined) return recordedLine(renamed(object), { arrival, offset, partition });
  const through = partition === null ? null : (object[partition] ?? null);
  const own = line.slice(0, -1).trimEnd();
  const comma = own === "{" ? "" : ",";
  return `${own}${comma}"${ARRIVAL}":"${new Date(arrival).toISOString()}","${PARTITION}":${JSON.stringify(through === null ? null : nameOf(through))},"${OFFSET}":${offset}}`;
}

function nameOf(partition: unknown): string {
  return typeof partition === "object" ? JSON.stringify(partition) : String(partition);
}

function renamed(object: Readonly<Record<string, unknown>>): string {
  const names = RESERVED as readonly string[];
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(object).map(([name, value]) => [names.includes(name) ? `source${name}` : name, value]),
    ),
  );
}

function objectIn(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
