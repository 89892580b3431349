import { type ConnectorSpec, fileOptions, memoryOption } from "../spec.ts";

export const parquet: ConnectorSpec = {
  name: "parquet",
  about: "Parquet, uncompressed or with Snappy or Zstandard; nested columns are kept as json.",
  extensions: ["parquet", "pq"],
  streams: false,
  options: [...fileOptions, memoryOption],
};
