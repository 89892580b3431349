/** Writes every sample log beside this file. The generators are seeded: the bytes are the same every time. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { samples } from "./generators/index.ts";

for (const [name, make] of Object.entries(samples)) {
  const text = make();
  writeFileSync(fileURLToPath(new URL(name, import.meta.url)), text);
  console.log(`${name}: ${text.split("\n").length - 1} lines, ${(text.length / 1e6).toFixed(2)} MB`);
}
