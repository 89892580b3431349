/** What live sources read from: lines cut anywhere, CSV, server-sent events, messages; and how long to wait for them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventReader } from "../../../src/connectors/http/events.ts";
import { BackOff } from "../../../src/connectors/live/back-off.ts";
import { addressOf, checkLive } from "../../../src/connectors/live/connectors.ts";
import { CsvLines } from "../../../src/connectors/live/csv-lines.ts";
import { recordedLine } from "../../../src/connectors/live/envelope.ts";
import { Lines } from "../../../src/connectors/live/lines.ts";
import { simulatedPayments } from "../../../src/connectors/simulated/payments.ts";
import { recordsOf } from "../../../src/connectors/websocket/driver.node.ts";
import { source } from "../../../src/pipeline/sources.ts";
import type { LiveInput, SourceNode } from "../../../src/pipeline/verbs/source.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Cuts bytes where `cuts` say. */
function pieces(whole: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map(c => c % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => whole.slice(from, [...at, whole.length][i]));
}

describe("lines", () => {
  test("wait for their end, and know where they began", () => {
    const lines = new Lines(10);
    expect(lines.push(bytes('{"a":1}\r\n\n{"b"'))).toEqual([{ text: '{"a":1}', at: 10 }]);
    expect(lines.pending).toBe(4);
    expect(lines.push(bytes(":2}"))).toEqual([]);
    expect(lines.push(bytes("\n"))).toEqual([{ text: '{"b":2}', at: 20 }]);
    expect(lines.push(bytes("x"))).toEqual([]);
    expect(lines.end()).toEqual([{ text: "x", at: 28 }]);
    expect(lines.end()).toEqual([]);
  });

  test("are the same wherever chunks are cut, through letters of several bytes too", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "ä", "日本", "🙂 b", "", "\r", "x y"), { maxLength: 12 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (texts, cuts) => {
          const whole = bytes(texts.join("\n"));
          const read = (chunks: readonly Uint8Array[]): unknown => {
            const lines = new Lines();
            return [...chunks.flatMap(chunk => lines.push(chunk)), ...lines.end()];
          };
          expect(read(pieces(whole, cuts))).toEqual(read([whole]));
        },
      ),
    );
  });
});

describe("CSV as JSON lines", () => {
  const read = (text: string, delimiter: string | null = null): string[] => {
    const csv = new CsvLines(delimiter);
    return new Lines().push(bytes(text)).flatMap(line => csv.push(line)?.text ?? []);
  };

  test("numbers keep their digits, names that look like numbers stay text, nothing is null", () => {
    expect(read('id,amount,ok,note\n007,12.50,true,\n8,-3,false,"a ""b"", c"\n')).toEqual([
      '{"id":"007","amount":12.50,"ok":true,"note":null}',
      '{"id":8,"amount":-3,"ok":false,"note":"a \\"b\\", c"}',
    ]);
  });

  test("a quoted field goes over lines; a record with too few fields is handed on as it is", () => {
    expect(read('a;b\n1;"x\ny"\n5\n')).toEqual(['{"a":1,"b":"x\\ny"}', "5"]);
  });
});

describe("server-sent events", () => {
  const read = (...chunks: string[]): unknown => {
    const reader = new EventReader();
    const events = chunks.flatMap(chunk => reader.push(bytes(chunk)));
    return { events, id: reader.lastId, retry: reader.retry };
  };

  test("data of several lines, ids, the pause, comments, names", () => {
    expect(
      read(
        ': hello\nretry: 250\nid: 7\nevent: paid\ndata: {"a":\ndata:1}\n\ndata\n\nid\ndata: x\n\nid: 9\n\nid: 10\ndata: cut off\n',
      ),
    ).toEqual({
      events: [
        { data: '{"a":\n1}', type: "paid" },
        { data: "", type: "message" },
        { data: "x", type: "message" },
      ],
      // The id of an event that did not end does not count; one without data does.
      id: "9",
      retry: 250,
    });
  });

  test("say the same wherever chunks are cut, whatever ends their lines", () => {
    const lines = ["id: 1", "data: a", "data: ä", "", ":", "retry: x", "data: 🙂", "id: 2", "", "", "data: b", ""];
    fc.assert(
      fc.property(fc.constantFrom("\n", "\r", "\r\n"), fc.array(fc.nat(200), { maxLength: 10 }), (end, cuts) => {
        const whole = bytes(lines.map(line => line + end).join(""));
        const reader = new EventReader();
        const events = pieces(whole, cuts).flatMap(chunk => reader.push(chunk));
        // A CR at the very end may be half of a CR LF: the event is out all the same.
        expect(events.map(e => e.data)).toEqual(["a\nä", "🙂", "b"]);
        expect(reader.lastId).toBe("2");
      }),
    );
  });
});

test("messages are an object, a list of them, or lines", () => {
  expect(recordsOf('{"a":1}')).toEqual(['{"a":1}']);
  expect(recordsOf('[{"a":1},{"a":2}]')).toEqual(['{"a":1}', '{"a":2}']);
  expect(recordsOf('{"a":1}\n{"a":2}\n')).toEqual(['{"a":1}', '{"a":2}']);
  expect(recordsOf(" ")).toEqual([]);
});

test("pauses double up to half a minute, begin anew after a success, and take the server's wish", () => {
  const pauses = new BackOff();
  const next = (): number => pauses.next(() => 0);
  expect([next(), next(), next(), next(), next(), next(), next()]).toEqual([1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3]);
  pauses.reset();
  pauses.base = 250;
  expect([next(), next()]).toEqual([250, 500]);
  expect(pauses.next(() => 1)).toBe(1_250);
});

describe("what is written down of a row", () => {
  const at = { arrival: Date.UTC(2026, 0, 2, 3, 4, 5, 6), offset: 3, partition: "branch" };

  test("the row's own text, digit for digit, with arrival, partition and offset", () => {
    expect(recordedLine('{ "n": 1.50, "big": 12345678901234567890, "branch":"Leith" }', at)).toBe(
      '{ "n": 1.50, "big": 12345678901234567890, "branch":"Leith","_arrival":"2026-01-02T03:04:05.006Z","_partition":"Leith","_offset":3}',
    );
    expect(recordedLine("{}", at)).toBe('{"_arrival":"2026-01-02T03:04:05.006Z","_partition":null,"_offset":3}');
    expect(JSON.parse(recordedLine('{"branch":4}', at))).toMatchObject({ branch: 4, _partition: "4" });
  });

  test("one line for whatever comes, and rows of a recording keep what they had", () => {
    expect(recordedLine('{"a":\n1}', { ...at, partition: null })).toContain('{"a": 1,"_arrival"');
    expect(recordedLine("no\njson", at)).toBe("no json");
    expect(JSON.parse(recordedLine('{"_offset":9,"a":1}', at))).toMatchObject({ source_offset: 9, a: 1, _offset: 3 });
  });
});

test("the same seed makes the same payments, whenever they arrive late", () => {
  const [a, b] = [simulatedPayments(7), simulatedPayments(7)];
  for (let i = 0; i < 50; i++) expect(a(1e12 + 100 * i)).toEqual(b(1e12 + 100 * i));
  expect(simulatedPayments(8)(1e12)).not.toEqual(simulatedPayments(7)(1e12));
});

describe("how live sources are written", () => {
  const inputOf = (...args: Parameters<typeof source>): LiveInput =>
    (source(...args).node as SourceNode).input as LiveInput;

  test("files, addresses, standard input, simulations", () => {
    expect(inputOf("app.jsonl", { eventTime: "t", follow: true, from: "end" })).toEqual({
      kind: "live",
      connector: "follow",
      name: "app.jsonl",
      format: null,
      options: { from: "end" },
    });
    expect(inputOf({ url: "https://a.example/x#y", format: "sse", eventTime: "t" }).connector).toBe("http");
    expect(inputOf({ url: "wss://a.example/x" }, { eventTime: "t" }).connector).toBe("websocket");
    expect(inputOf("-", { eventTime: "t" }).connector).toBe("stdin");
    expect(inputOf({ simulate: "payments", rate: 2 }, { eventTime: "t" }).options).toEqual({ rate: 2 });
    expect(addressOf(inputOf({ url: "https://a.example/x?q=1#y", eventTime: "t" }))).toBe("https://a.example/x?q=1");
    expect(addressOf(inputOf("-", { eventTime: "t" }))).toBeNull();
  });

  test.each([
    [{ url: "ftp://a.example", eventTime: "t" }, /no address that can be read/],
    [{ url: "https://me:secret@a.example", eventTime: "t" }, /a name or a password/],
    [{ url: "https://a.example", eventTime: "t", colour: "red" }, /http has no option "colour"/],
    [{ url: "wss://a.example", format: "sse" as const, eventTime: "t" }, /websocket has no format "sse"/],
    [{ simulate: "weather", eventTime: "t" }, /There is: payments/],
    [{ simulate: "payments", rate: -1, eventTime: "t" }, /rate takes/],
  ])("%j is refused in a sentence", (from, message) => {
    expect(() => checkLive(inputOf(from as never))).toThrow(message);
  });

  test("arrival is the host's", () => {
    expect(() => source("a.jsonl", { eventTime: "t", arrivalTime: "at", follow: true })).toThrow(
      /Leave arrivalTime out/,
    );
  });
});
