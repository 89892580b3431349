import { type ConnectorSpec, fileOptions, inferOption } from "../spec.ts";

export const jsonlines: ConnectorSpec = {
  name: "jsonlines",
  about: "JSON lines: one object per line; nested values are kept as json.",
  extensions: ["jsonl", "ndjson", "jsonlines"],
  streams: true,
  options: [...fileOptions, inferOption],
};
