import { type ConnectorSpec, fileOptions, inferOption } from "../spec.ts";

const delimiter = {
  name: "delimiter",
  value: '";"',
  default: "the one of comma, tab, semicolon and bar that the header uses most",
  about: "The character between two fields.",
};

export const csv: ConnectorSpec = {
  name: "csv",
  about: "CSV with a header row (RFC 4180); nothing between two delimiters is null, two quotes are the empty text.",
  extensions: ["csv"],
  streams: true,
  options: [...fileOptions, inferOption, delimiter],
};

export const tsv: ConnectorSpec = {
  name: "tsv",
  about: "The same with tabs between the fields.",
  extensions: ["tsv", "tab"],
  streams: true,
  options: [...fileOptions, inferOption, { ...delimiter, default: "tab" }],
};
