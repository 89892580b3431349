/** Edits of a notebook over a log that takes a while: what is seen meanwhile, what interrupts them, and what they come to. */
import { describe, expect, test, vi } from "vitest";
import { Run } from "../../src/engine/run.ts";
import type { TransportAction, ViewUpdate } from "../../src/protocol/session.ts";
import { code, Harness } from "./harness.ts";

const ROWS = 2_000;

const log = code(
  1,
  `const log = rows(Array.from({length: ${ROWS}}, (_, i) => ({t: 1000 * i, v: (i * 7) % 100, key: "k" + i % 5})), {eventTime: "t"})`,
);
const rowSums = (threshold: number) =>
  code(
    2,
    `const sums = log.filter("d.v > ${threshold}").groupby("key").window(fixed("1 min")).rollup({v: d => op.sum(d.v)})`,
  );
const untouched = code(3, `const counts = log.window(fixed("1 h")).rollup({n: () => op.count()})`);

const VIEWS = ["1.log", "2.sums", "3.counts"];

async function opened(threshold = 10): Promise<Harness> {
  const harness = new Harness();
  harness.show([log, rowSums(threshold), untouched]);
  harness.watch(...VIEWS);
  await harness.pass();
  return harness;
}

/** With the log replayed, and a clock that runs while the engine works: every look at it takes some milliseconds. */
async function replayed(threshold = 10): Promise<Harness> {
  const harness = await opened(threshold);
  harness.tick = 5;
  await act(harness, { kind: "end" });
  await settled(harness);
  expect(harness.transport).toMatchObject({ finished: true, rows: ROWS, behind: null });
  return harness;
}

async function act(harness: Harness, action: TransportAction): Promise<void> {
  harness.session.receive({ type: "transport", action });
  await harness.pass(1);
}

/** Lets time pass until the replay rests and everything has caught up. */
async function settled(harness: Harness): Promise<void> {
  for (let i = 0; i < 400; i++) {
    await harness.pass(100);
    const { playing, behind } = harness.transport ?? {};
    if (playing === false && (behind === null || behind?.held === true)) break;
  }
  await harness.pass(200);
}

/** Lets time pass until something is behind and has come some way. */
async function behind(harness: Harness, share = 0.05): Promise<void> {
  for (let i = 0; i < 20_000; i++) {
    await harness.pass(1);
    if ((harness.transport?.behind?.share ?? 0) > share) return;
  }
  throw new Error("Nothing was ever behind.");
}

const table = (harness: Harness, view: string): unknown => {
  const { total, page, figures } = harness.table(view);
  return { total, page, figures };
};

const paints = (harness: Harness, view: string): Extract<ViewUpdate, { kind: "table" }>[] =>
  harness.messages.flatMap(message =>
    message.type === "views" ? message.updates.flatMap(u => (u.view === view && u.kind === "table" ? [u] : [])) : [],
  );

const known = new Map<number, Promise<unknown>>();

/** What a notebook with this threshold shows from the start. */
function fresh(threshold: number): Promise<unknown> {
  let shown = known.get(threshold);
  if (shown === undefined) {
    shown = replayed(threshold).then(harness => table(harness, "2.sums"));
    known.set(threshold, shown);
  }
  return shown;
}

describe("an edit over a long log", () => {
  test("fills its tables in order of arrival, while the clock stands and what it leaves alone stays", async () => {
    const harness = await replayed();
    const [before, counts] = [table(harness, "2.sums"), table(harness, "3.counts")];
    harness.messages = [];
    harness.show([log, rowSums(50), untouched]);
    await settled(harness);
    const seen = paints(harness, "2.sums");
    expect(seen.length).toBeGreaterThan(3);
    const shares = seen.map(u => u.partial ?? 1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect([shares[0] < 0.5, shares.at(-1)]).toEqual([true, 1]);
    const totals = seen.map(u => u.total);
    expect(totals).toEqual(totals.toSorted((a, b) => a - b));
    for (const u of seen) expect(u.figures.complete).toBe((u.partial ?? null) === null);
    // The others are not touched, nor is the clock.
    expect(paints(harness, "3.counts").every(u => (u.partial ?? null) === null)).toBe(true);
    expect(table(harness, "3.counts")).toEqual(counts);
    const transports = harness.messages.flatMap(m => (m.type === "transport" ? [m.state] : []));
    expect(transports.some(s => (s.behind?.share ?? 0) > 0)).toBe(true);
    for (const s of transports) expect([s.rows, s.finished]).toEqual([ROWS, true]);
    expect(table(harness, "2.sums")).not.toEqual(before);
    expect(table(harness, "2.sums")).toEqual(await fresh(50));
  });

  test("is overtaken by the next one, of which only the last is worked", async () => {
    const harness = await replayed();
    harness.show([log, rowSums(30), untouched]);
    await behind(harness);
    harness.messages = [];
    // Nobody waits for what lies between.
    for (const threshold of [40, 60, 50]) {
      harness.show([log, rowSums(threshold), untouched]);
      await harness.pass(1);
    }
    await settled(harness);
    expect(table(harness, "2.sums")).toEqual(await fresh(50));
  });

  test("that the engine hears of too late is never worked", async () => {
    const harness = await replayed();
    const heard = vi.spyOn(harness.engine, "receive");
    for (const threshold of [40, 60, 50]) {
      harness.show([log, rowSums(threshold), untouched]);
      await harness.pass(60);
    }
    const plans = heard.mock.calls.flatMap(([message]) => (message.type === "plan" ? [message] : []));
    expect(plans).toHaveLength(3);
    await settled(harness);
    const replanned = vi.spyOn(Run.prototype, "replan");
    for (const plan of plans) harness.engine.receive(plan);
    await settled(harness);
    expect(replanned).toHaveBeenCalledTimes(1);
    replanned.mockRestore();
    expect(table(harness, "2.sums")).toEqual(await fresh(50));
  });

  test("is stopped where it is, said to be partial, and goes on when it is told to, or the clock is to move", async () => {
    const ways: readonly TransportAction[] = [
      { kind: "resume" },
      { kind: "step", by: "row", back: true },
      { kind: "end" },
    ];
    for (const way of ways) {
      const harness = await replayed();
      harness.show([log, rowSums(50), untouched]);
      await behind(harness);
      await act(harness, { kind: "cancel" });
      await harness.pass(400);
      const { share, held } = harness.transport?.behind ?? { share: 0, held: false };
      expect([held, share > 0, share < 1]).toEqual([true, true, true]);
      const update = harness.table("2.sums");
      expect([update.partial, update.figures.complete]).toEqual([share, false]);
      await harness.pass(400);
      expect(harness.transport?.behind).toEqual({ share, held: true });
      await act(harness, way);
      await settled(harness);
      expect(harness.transport?.behind).toBeNull();
      await act(harness, { kind: "end" });
      await settled(harness);
      expect(table(harness, "2.sums")).toEqual(await fresh(50));
    }
  });

  test("goes on when it is edited again", async () => {
    const harness = await replayed();
    harness.show([log, rowSums(50), untouched]);
    await behind(harness);
    await act(harness, { kind: "cancel" });
    harness.show([log, rowSums(20), untouched]);
    await settled(harness);
    expect(harness.transport?.behind).toBeNull();
    expect(table(harness, "2.sums")).toEqual(await fresh(20));
  });

  test("may be followed by a seek, a step or a restart before it has caught up", async () => {
    const middle = (1_000 * ROWS) / 2;
    const actions: readonly TransportAction[][] = [
      [{ kind: "seek", to: middle }],
      [
        { kind: "seek", to: middle },
        { kind: "seek", to: middle / 2 },
      ],
      [{ kind: "step", by: "row", back: true }],
      [{ kind: "step", by: "window", back: true }],
      [{ kind: "restart" }],
      [
        { kind: "seek", to: middle },
        { kind: "step", by: "window" },
      ],
    ];
    for (const list of actions) {
      const [edited, whole] = [await replayed(), await replayed(50)];
      edited.show([log, rowSums(50), untouched]);
      await behind(edited);
      for (const harness of [edited, whole]) {
        for (const action of list) {
          await act(harness, action);
          await harness.pass(30);
        }
        await settled(harness);
      }
      expect(edited.transport?.behind).toBeNull();
      for (const view of VIEWS) expect([list, table(edited, view)]).toEqual([list, table(whole, view)]);
      expect(edited.transport).toMatchObject({ now: whole.transport?.now, rows: whole.transport?.rows });
    }
  });

  test("does not meet breakpoints in what has passed, and stops at those ahead", async () => {
    const harness = await opened();
    harness.tick = 5;
    await act(harness, { kind: "seek", to: 500_000 });
    await settled(harness);
    const { rows } = harness.transport ?? {};
    expect(rows).toBe(501);
    await act(harness, { kind: "breakpoint", stream: "2.sums", predicate: null });
    harness.show([log, rowSums(50), untouched]);
    await settled(harness);
    expect(harness.transport).toMatchObject({ rows, paused: null, behind: null });
    await act(harness, { kind: "play" });
    await settled(harness);
    expect(harness.transport).toMatchObject({ paused: { stream: "2.sums" }, playing: false });
    expect(harness.transport?.rows).toBeGreaterThan(501);
    expect(harness.transport?.rows).toBeLessThan(600);
  });

  test("answers a story that is asked meanwhile once it has caught up, even if it was stopped", async () => {
    const harness = await replayed();
    const view = "2.sums";
    harness.session.receive({ type: "explain", request: 1, view, row: 3 });
    harness.show([log, rowSums(50), untouched]);
    await behind(harness);
    await act(harness, { kind: "cancel" });
    harness.messages = [];
    harness.session.receive({ type: "explain", request: 2, view, row: 3 });
    await settled(harness);
    const kinds = harness.messages.map(m => (m.type === "explained" ? `told ${m.request}` : m.type));
    expect(kinds).toContain("told 2");
    const whole = await replayed(50);
    whole.session.receive({ type: "explain", request: 2, view, row: 3 });
    await whole.pass(500);
    const told = (of: Harness) => of.messages.find(m => m.type === "explained" && m.request === 2);
    expect(told(harness)).toEqual(told(whole));
  });

  test("overtakes a story that is being told, which is then of the new stream; and one can be stopped", async () => {
    const [harness, whole] = [await replayed(), await replayed(50)];
    const told = (of: Harness, request: number) =>
      of.messages.find(m => m.type === "explained" && m.request === request);
    harness.session.receive({ type: "explain", request: 1, view: "2.sums", row: 3 });
    // It is not told at once, because telling it takes several slices.
    await harness.pass(10);
    expect(told(harness, 1)).toBeUndefined();
    harness.show([log, rowSums(50), untouched]);
    await settled(harness);
    whole.session.receive({ type: "explain", request: 1, view: "2.sums", row: 3 });
    await settled(whole);
    expect(told(harness, 1)).toEqual(told(whole, 1));
    expect(told(whole, 1)).toBeDefined();
    harness.session.receive({ type: "explain", request: 2, view: "2.sums", row: 3 });
    await act(harness, { kind: "cancel" });
    await settled(harness);
    expect(told(harness, 2)).toMatchObject({ sentences: ["Stopped before it was told."] });
  });
});
