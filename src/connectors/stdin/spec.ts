import type { LiveConnectorSpec } from "../live/connectors.ts";

export const stdin: LiveConnectorSpec = {
  name: "stdin",
  about: "JSON lines or CSV on the standard input of the command line.",
  reaches: "host",
  waits: true,
  formats: ["jsonlines", "jsonl", "ndjson", "csv", "tsv"],
  options: [
    {
      name: "delimiter",
      value: '";"',
      default: "comma, or tab for tsv",
      about: "Of CSV: the character between two fields.",
    },
  ],
  check: () => null,
};
