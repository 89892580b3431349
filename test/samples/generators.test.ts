import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { samples } from "../../samples/generators/index.ts";

const folder = new URL("../../samples/", import.meta.url);

test.each(Object.entries(samples))("%s is what its generator writes, byte for byte", (name, make) => {
  const file = readFileSync(new URL(name, folder), "utf8");
  // Not `toBe` on the texts: their difference would fill the screen.
  expect(make() === file).toBe(true);
});

test("every log in the folder has a generator and a section in the README", () => {
  const logs = readdirSync(folder).filter(name => /\.(jsonl|csv)$/.test(name));
  expect(logs.sort()).toEqual(Object.keys(samples).sort());
  const readme = readFileSync(new URL("README.md", folder), "utf8");
  for (const name of logs) expect(readme).toContain(`\`${name}\``);
});
