import type { LiveConnectorSpec } from "../live/connectors.ts";

export const follow: LiveConnectorSpec = {
  name: "follow",
  about: "A file of JSON lines or CSV that grows; rotated and truncated files are read from their new beginning.",
  reaches: "file",
  waits: true,
  formats: ["jsonlines", "jsonl", "ndjson", "csv", "tsv"],
  options: [
    {
      name: "from",
      value: '"start" | "end"',
      default: '"start"',
      about: "Whether lines that are in the file already are read, or only those that are added.",
    },
    {
      name: "delimiter",
      value: '";"',
      default: "comma, or tab for tsv",
      about: "Of CSV: the character between two fields.",
    },
  ],
  check: ({ options: { from, delimiter } }) =>
    from !== undefined && from !== "start" && from !== "end"
      ? `from takes "start" or "end", not ${JSON.stringify(from)}.`
      : delimiter !== undefined && (typeof delimiter !== "string" || delimiter.length !== 1)
        ? `${JSON.stringify(delimiter)} cannot be a delimiter. Give one character, such as ";".`
        : null,
};
