import { expect, test } from "vitest";
import { callHost, externalUrl } from "../../src/browser/host-calls.ts";
import type { HostPlace } from "../../src/browser/host-calls.ts";
import type { LiveHost } from "../../src/browser/live-host.ts";
import type { NotebookFiles } from "../../src/browser/notebook-files.ts";

const asked: unknown[] = [];
const place: HostPlace = {
  kernelUrl: () => "app://k-1/",
  chooseAndOpen: async () => null,
  saveFiles: async files => asked.push(files) > 0,
  openExternal: async url => void asked.push(url),
  live: { open: async (...args: unknown[]) => args } as unknown as LiveHost,
};
const files = { save: async (...args: unknown[]) => args } as unknown as NotebookFiles;

test("unknown methods are refused, also those that every object has", async () => {
  for (const method of ["evaluate", "constructor", "__proto__", "toString", 7, null]) {
    await expect(callHost(files, place, method, [])).rejects.toThrow("the host has no method");
  }
});

test("arguments of a wrong number or type are refused before anything is done", async () => {
  await expect(callHost(files, place, "save", ["h", "text"])).rejects.toThrow("takes 3 arguments");
  await expect(callHost(files, place, "save", ["h", 5, { force: false }])).rejects.toThrow("argument 2 of save");
  await expect(callHost(files, place, "save", ["h", "text", { force: "yes" }])).rejects.toThrow("argument 3 of save");
  await expect(callHost(files, place, "saveFiles", [[{ name: "a", text: null }]])).rejects.toThrow(
    "argument 1 of saveFiles",
  );
  await expect(callHost(files, place, "kernelUrl", "none")).rejects.toThrow("takes 0 arguments");
  expect(asked).toEqual([]);
  expect(await callHost(files, place, "save", ["h", "text", { force: false }])).toEqual([
    "h",
    "text",
    { force: false },
  ]);
});

test("only web pages and mail addresses are opened outside", async () => {
  expect(externalUrl("https://example.org/a b")).toBe("https://example.org/a%20b");
  expect(externalUrl("mailto:a@example.org")).toBe("mailto:a@example.org");
  for (const url of [
    "file:///etc/passwd",
    "javascript:alert(1)",
    "smb://host/x",
    "vscode://x",
    "not a url",
    "app://tidemark/",
  ]) {
    expect(() => externalUrl(url)).toThrow("is not opened");
  }
  await callHost(files, place, "openExternal", ["https://example.org/"]);
  expect(asked).toEqual(["https://example.org/"]);
});

test("a live source is asked for in full, or not at all", async () => {
  const request = {
    key: "k",
    name: "payments",
    input: { kind: "live", connector: "http", name: "https://a.example/", format: null, options: {} },
    eventTime: { column: "t", unit: null, timeZone: null },
    partition: null,
    types: {},
  };
  const open = (given: unknown): Promise<unknown> => callHost(files, place, "liveOpen", ["h", "s", given]);
  expect(await open(request)).toEqual(["h", "s", request]);
  for (const wrong of [
    null,
    {},
    { ...request, input: { ...request.input, connector: "toString" } },
    { ...request, input: { ...request.input, kind: "file" } },
    { ...request, input: { ...request.input, name: "x".repeat(9_000) } },
    { ...request, eventTime: "t" },
    { ...request, partition: 5 },
  ])
    await expect(open(wrong)).rejects.toThrow("argument 3 of liveOpen is not of its type");
  await expect(callHost(files, place, "liveAct", ["h", "s", "k", "delete"])).rejects.toThrow("argument 4 of liveAct");
});
