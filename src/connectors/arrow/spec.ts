import { type ConnectorSpec, fileOptions, memoryOption } from "../spec.ts";

export const arrow: ConnectorSpec = {
  name: "arrow",
  about:
    "Arrow IPC files and streams (Feather version 2), uncompressed or with Zstandard; nested columns are kept as json.",
  extensions: ["arrow", "arrows", "feather", "ipc"],
  streams: false,
  options: [...fileOptions, memoryOption],
};
