import { expect, test } from "vitest";
import { rank } from "../../src/renderer/commands/rank.ts";

test("beginnings of words come before their middles, and those before scattered letters", () => {
  const titles = ["Theme: dark", "Redo", "Run the selected cell", "Delete the selected cell"];
  const order = (letters: string): string[] =>
    titles
      .map(title => ({ title, score: rank(title, letters) }))
      .filter((each): each is { title: string; score: number } => each.score !== null)
      .sort((a, b) => a.score - b.score)
      .map(each => each.title);
  expect(order("dark")).toEqual(["Theme: dark"]);
  expect(order("re")).toEqual(
    ["Redo", "Run the selected cell", "Delete the selected cell"].filter(title => rank(title, "re") !== null),
  );
  expect(order("sel")[0]).toBe("Run the selected cell");
  expect(order("rts")).toContain("Run the selected cell");
  expect(order("zzz")).toEqual([]);
  expect(order("")).toEqual(titles);
});
