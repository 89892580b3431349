/** The connectors there are. To add one: a folder with its `spec.ts`, its decoder or drivers, and a line here. */
import { arrow } from "./arrow/spec.ts";
import { csv, tsv } from "./csv/spec.ts";
import { jsonlines } from "./jsonlines/spec.ts";
import { parquet } from "./parquet/spec.ts";
import type { ConnectorSpec } from "./spec.ts";

export const connectors = { jsonlines, csv, tsv, parquet, arrow } satisfies Readonly<Record<string, ConnectorSpec>>;

/** The formats of files. */
export type Format = keyof typeof connectors;

export const formats = Object.keys(connectors) as readonly Format[];
