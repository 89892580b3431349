import { expect, test } from "vitest";
import { source } from "../../src/pipeline/sources.ts";
import { exportStream, exportTargets } from "../../src/session/export.ts";

test("a live source is refused by every target, with the way out", () => {
  const stream = source({ url: "https://a.example/x" }, { eventTime: "t" }).filter("d => d.a > 1" as never);
  for (const { name } of exportTargets()) {
    const { files, obstacles } = exportStream(stream.node, "x", name, () => []);
    expect(files).toEqual([]);
    expect(obstacles).toEqual([
      expect.objectContaining({ severity: "refuse", reason: expect.stringContaining("replay its recording") }),
    ]);
  }
});
