/** The contract of `tidemark conform`: what goes in, what comes out, and what is said of a trace that cannot be read. */
import { describe, expect, test } from "vitest";
import { conform } from "../../src/cli/conform.ts";
import { conformTrace } from "../../src/session/conform.ts";

async function run(files: Readonly<Record<string, string>>, ...args: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  const code = await conform(args.length > 0 ? args : Object.keys(files), {
    read: path =>
      path in files ? Promise.resolve(files[path]) : Promise.reject(new Error(`ENOENT: no such file, open '${path}'`)),
    write: line => out.push(line),
    error: line => errors.push(line),
  });
  return { code, out, errors };
}

const TRACE = {
  profile: "beam",
  pipeline: { window: { fixed: "10 ms" }, trigger: "default", aggregate: "list", allowedLateness: 5 },
  events: [
    {
      input: [
        { key: "a", value: 1, ts: 3 },
        { key: 7, value: "x", ts: 4 },
      ],
    },
    { watermark: 12 },
    { snapshot: true },
    { input: { key: "a", value: 2, ts: 1 } },
    { watermark: "MAX" },
    { input: { key: "a", value: 3, ts: 1 } },
    { processingTime: 5 },
  ],
};

test("one line for each event", async () => {
  const { code, out, errors } = await run({ "t.json": JSON.stringify(TRACE) });
  expect([code, errors]).toEqual([0, []]);
  const pane = { window: [0, 10], timestamp: 9, weight: 1 };
  const onTime = { timing: "on-time", index: 0, nonSpeculativeIndex: 0, isFirst: true, isLast: false };
  const late = { timing: "late", index: 1, nonSpeculativeIndex: 1, isFirst: false, isLast: false };
  expect(out.map(line => JSON.parse(line))).toEqual([
    { step: 0, panes: [], dropped: [], outputWatermark: "MIN" },
    {
      step: 1,
      panes: [
        { key: "a", value: [1], ...pane, ...onTime },
        { key: 7, value: ["x"], ...pane, ...onTime },
      ],
      dropped: [],
      outputWatermark: 12,
    },
    { step: 2, panes: [], dropped: [], outputWatermark: 12 },
    { step: 3, panes: [{ key: "a", value: [1, 2], ...pane, ...late }], dropped: [], outputWatermark: 12 },
    { step: 4, panes: [], dropped: [], outputWatermark: "MAX" },
    {
      step: 5,
      panes: [],
      dropped: [{ key: "a", value: 3, ts: 1, window: [0, 10], reason: "expired", watermark: "MAX" }],
      outputWatermark: "MAX",
    },
    { step: 6, panes: [], dropped: [], outputWatermark: "MAX" },
  ]);
});

test("with several files each line names its own", async () => {
  const trace = JSON.stringify({ events: [{ watermark: 1 }] });
  const { out } = await run({ "a.json": trace, "b.json": trace });
  expect(out.map(line => JSON.parse(line).file)).toEqual(["a.json", "b.json"]);
});

test("fields that are left out have defaults", () => {
  const [, last] = conformTrace({
    events: [{ input: { key: "a", value: 2, ts: "2024-01-01T00:00:00Z" } }, { watermark: "MAX" }],
  });
  expect(last.panes).toEqual([
    {
      key: "a",
      window: null,
      value: 2,
      timestamp: "MAX",
      timing: "on-time",
      index: 0,
      nonSpeculativeIndex: 0,
      isFirst: true,
      isLast: true,
      weight: 1,
    },
  ]);
});

describe("a trace that cannot be read ends with code 2 and one line that says what and where", () => {
  const event = (event: unknown): object => ({ events: [{ watermark: 1 }, event] });
  const pipeline = (pipeline: object): object => ({ pipeline, events: [] });
  test.each<[string, unknown]>([
    ["t.json: not JSON: ", "{"],
    ['t.json: trace: "hello" is not an object', "hello"],
    ["t.json: events: nothing is not an array", {}],
    ['t.json: profile: "bean" is not one of "tidemark", "beam"', { profile: "bean", events: [] }],
    ['t.json: pipeline: has no field "tigger"; there are window, trigger,', pipeline({ tigger: 1 })],
    ['t.json: pipeline.window: {"fixd":1} is no window', pipeline({ window: { fixd: 1 } })],
    ["t.json: pipeline.window.fixed: 0 is not longer than nothing", pipeline({ window: { fixed: 0 } })],
    [
      't.json: pipeline.window.fixed: The duration "ten" is not a length of time',
      pipeline({ window: { fixed: "ten" } }),
    ],
    ["t.json: pipeline.window: A cumulating window's size (10 ms)", pipeline({ window: { cumulating: 10, step: 3 } })],
    ["t.json: pipeline.window.period: nothing is not a length of time", pipeline({ window: { sliding: 10 } })],
    [
      't.json: pipeline.window.timeZone: there is no time zone "Mars/Olympus"',
      pipeline({ window: { calendar: "day", timeZone: "Mars/Olympus" } }),
    ],
    ['t.json: pipeline.trigger: "sometimes" is no trigger', pipeline({ trigger: "sometimes" })],
    [
      "t.json: pipeline.trigger.repeatedly.afterAny[1].afterCount: 0 is not a whole number of rows",
      pipeline({ trigger: { repeatedly: { afterAny: ["default", { afterCount: 0 }] } } }),
    ],
    ["t.json: pipeline.trigger.orFinally: has 1 triggers", pipeline({ trigger: { orFinally: ["default"] } })],
    ['t.json: pipeline.mode: "adding" is not one of "discarding"', pipeline({ mode: "adding" })],
    ["t.json: pipeline.allowedLateness: -1 is negative", pipeline({ allowedLateness: -1 })],
    ["t.json: events[1]: has no event; it takes one of input,", event({ wait: 1 })],
    ["t.json: events[1].input[0].ts: nothing is not a time", event({ input: [{ key: "a", value: 1 }] })],
    ['t.json: events[1].input.value: "x" is not a number', event({ input: { key: "a", value: "x", ts: 1 } })],
    ['t.json: events[1].watermark: "soon" is not a time', event({ watermark: "soon" })],
    ["t.json: events[1].snapshot: false is not true", event({ snapshot: false })],
  ])("%s", async (message, trace) => {
    const text = typeof trace === "string" && trace === "{" ? trace : JSON.stringify(trace);
    const { code, errors } = await run({ "t.json": text });
    expect(code).toBe(2);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(errors[0]).not.toContain("\n");
  });

  test("a file that is not there, and none at all", async () => {
    expect((await run({}, "no.json")).errors[0]).toContain("no.json: cannot be read");
    expect(await run({})).toMatchObject({ code: 2, out: [] });
  });
});
