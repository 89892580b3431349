/** The list of targets, by the name that stands after `--to`. To add one: its folder, and one line here. */
import type { Exporter } from "./exporter.ts";
import { beamPython } from "./beam-python/exporter.ts";
import { typescript } from "./typescript/exporter.ts";

export const EXPORTERS: Readonly<Record<string, Exporter>> = {
  typescript,
  "beam-python": beamPython,
};

/** Finds an exporter by name. Throws with the names there are. */
export function exporterNamed(name: string): Exporter {
  const found = Object.hasOwn(EXPORTERS, name) ? EXPORTERS[name] : undefined;
  if (found !== undefined) return found;
  throw new Error(`There is no target "${name}". There are: ${Object.keys(EXPORTERS).join(", ")}.`);
}
