/**
 * Finds the conformance material: what other projects expect of a Dataflow engine, as data. It belongs to others and is
 * not part of this repository; tests that need it are skipped, by name, where it is absent.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const folder =
  process.env.TIDEMARK_CONFORMANCE ?? fileURLToPath(new URL("../../../shared/conformance", import.meta.url));

/** Reads a file of the material, or null where there is none. */
export function material(name: string): string | null {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

/** What a skipped test says. */
export const ABSENT = `no conformance material in ${folder} (set TIDEMARK_CONFORMANCE to say where it is)`;
