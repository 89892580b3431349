import { expect, test } from "vitest";
import { namedFiles, ReadAhead } from "../../src/renderer/connection/read-ahead.ts";

const MEGA = 1024 * 1024;

test("the files that cells name in quotes are read ahead, whole ones only and not too much of them", () => {
  const files = [
    { name: "a.jsonl", size: 40 * MEGA },
    { name: "b.csv", size: 30 * MEGA },
    { name: "c.tsv", size: 20 * MEGA },
    { name: "large.parquet", size: MEGA },
    { name: "other.jsonl", size: MEGA },
  ];
  const texts = [
    'const a = source("a.jsonl", {eventTime: "at"});',
    "const b = source('b.csv', {}), c = source(`c.tsv`, {});",
    'source("large.parquet", {}); // another.jsonl, and other.jsonl without quotes',
  ];
  expect(namedFiles(texts, files)).toEqual(["a.jsonl", "c.tsv"]);
});

test("what is read ahead is given once, and a failure is told to whoever asks", async () => {
  const asked: string[] = [];
  const ahead = new ReadAhead(["a.jsonl", "gone.jsonl"], name => {
    asked.push(name);
    return name === "a.jsonl" ? Promise.resolve(new ArrayBuffer(3)) : Promise.reject(new Error("it is gone"));
  });
  expect(asked).toEqual([]);
  ahead.begin();
  expect(asked).toEqual(["a.jsonl", "gone.jsonl"]);
  expect((await ahead.take("a.jsonl"))?.byteLength).toBe(3);
  expect(ahead.take("a.jsonl")).toBeUndefined();
  await expect(ahead.take("gone.jsonl")).rejects.toThrow("it is gone");
  expect(ahead.take("unasked.jsonl")).toBeUndefined();
});

test("what was asked for before reading ahead began is not read again", () => {
  const asked: string[] = [];
  const ahead = new ReadAhead(["a.jsonl", "b.jsonl"], async name => {
    asked.push(name);
    return new ArrayBuffer(0);
  });
  expect(ahead.take("a.jsonl")).toBeUndefined();
  ahead.begin();
  expect(asked).toEqual(["b.jsonl"]);
});
