/** `topN`: one ranking for all time without a window, one for each window with one. */
import type { Column } from "../../columns/column.ts";
import { typeOf } from "../../expressions/types.ts";
import { hasWindowColumns, LATE_FIELDS } from "../../pipeline/verbs/aggregate.ts";
import type { TopNNode } from "../../pipeline/verbs/topN.ts";
import { DEFAULT_STRATEGY } from "../../model/strategy.ts";
import { Dropped } from "../dropped.ts";
import { Emission, timestamps } from "../emission.ts";
import { dense } from "../flow.ts";
import { keyColumns } from "../key-index.ts";
import type { Operator, OperatorFactory, Outputs } from "../operator.ts";
import { claimKeys } from "./aggregate/group-keys.ts";
import { OrderValues, Ranking } from "../ranking.ts";
import { retracts } from "../retracts.ts";
import { RowStore } from "../row-store.ts";
import { walk } from "../walk.ts";
import { assigned, assigner } from "../windowing/assign.ts";
import { type OpenWindow, WindowSet } from "../window-set.ts";

export const topN: OperatorFactory<TopNNode> = (node, context): Operator => {
  const [input] = context.inputs;
  const schema = context.schema("main");
  const keys = claimKeys(node.keys, context);
  const orderOf = keyColumns(
    node.order.map(o => o.expression),
    input,
    context.codegen,
  );
  const store = new RowStore(input);
  const order = new OrderValues(
    node.order.map(({ expression, descending }) => ({ descending, type: typeOf(expression, [input]).type })),
  );
  const keepAll = retracts(node.input, context.profile);
  const make = (): Ranking => new Ranking(node.n, store, order, keepAll);
  // Without a strategy there is one window that is complete from the start.
  const windows = node.strategy === null ? null : new WindowSet<Ranking>(node.strategy, context.profile);
  const forever = windows === null ? make() : null;
  const assign = assigner((node.strategy ?? DEFAULT_STRATEGY).window);
  const into = assigned();
  const bounds = hasWindowColumns(node.strategy);
  const emission = new Emission();
  const dropped = new Dropped(windows?.lateness ?? 0);
  // The `late` port shows the input's columns but for those it says itself.
  const shownLate = input.map((_, c) => c).filter(c => !LATE_FIELDS.some(l => l.name === input[c].name));
  const saysLate = windows !== null && context.reads("late");
  let watermark = -Infinity;
  let position = 0;
  let clock = NaN;
  let current: OpenWindow<Ranking> | null = null;
  /** The window that took a row last, while it is open. */
  let last: OpenWindow<Ranking> | null = null;

  const show = (slot: number, weight: number): void => {
    if (current === null || current.end === Infinity)
      emission.emit(position, clock, store.time[slot], weight, slot, -1, -Infinity, Infinity);
    else emission.emit(position, clock, current.end - 1, weight, slot, -1, current.start, current.end);
  };
  const complete = (window: OpenWindow<Ranking>): void => {
    current = window;
    window.content.all(show);
  };
  const close = (window: OpenWindow<Ranking>): void => {
    window.content.clear();
    if (window === last) last = null;
  };

  return {
    step(step, [from]): Outputs {
      const flow = dense(from);
      const { batch } = flow;
      const ids = keys === null ? null : keys.keys[0].ids(batch);
      const criteria: Column[] = flow.count === 0 ? [] : orderOf(batch);
      const change = (ranking: Ranking, row: number, weight: number, visible: boolean): void => {
        const time = flow.time[row];
        const group = ids === null ? 0 : ids[row];
        for (let unit = 0; unit < weight; unit++) ranking.add(group, batch, row, time, criteria, visible ? show : null);
        for (let unit = 0; unit > weight; unit--)
          ranking.remove(group, batch, row, time, criteria, visible ? show : null);
      };
      watermark = walk(step, [flow], from.watermark, watermark, {
        row(_input, row, at, own) {
          position = at;
          clock = own;
          const weight = flow.weight === null ? 1 : flow.weight[row];
          if (forever !== null) {
            change(forever, row, weight, true);
            return;
          }
          const set = windows as WindowSet<Ranking>;
          assign(flow.time[row], into);
          for (let i = 0; i < into.count; i++) {
            const start = into.start[i];
            const end = into.end[i];
            if (last !== null && last.end === end && last.start === start) {
              current = last;
              change(current.content, row, weight, current.complete);
            } else if (!set.expired(end, watermark)) {
              last = current = set.open(start, end, watermark, make);
              change(current.content, row, weight, current.complete);
            } else if (saysLate) {
              const slot = store.put(batch, row, flow.time[row]);
              store.free(slot);
              dropped.add(position, clock, flow.time[row], weight, slot, -1, start, end, watermark);
            }
          }
        },
        advance(at, moved) {
          watermark = moved;
          position = at;
          clock = NaN;
          windows?.advance(moved, complete, close);
        },
      });
      const own = (fields: number, slots: Int32Array, count: number): Column[] =>
        Array.from({ length: fields }, (_, c) =>
          store.gather(
            input.findIndex(f => f.name === schema[c].name),
            slots,
            count,
          ),
        );
      const main = emission.take(step, schema, from.watermark, (e, count) => [
        ...own(schema.length - (bounds ? 2 : 0), e.left, count),
        ...(bounds ? [timestamps(e.start, count), timestamps(e.end, count)] : []),
      ]);
      const late = saysLate
        ? dropped.take(step, context.schema("late"), from.watermark, (slots, _none, count) =>
            shownLate.map(c => store.gather(c, slots, count)),
          )
        : null;
      store.release();
      return late === null ? { main } : { main, late };
    },
    snapshot: () => ({
      watermark,
      keys: keys?.snapshot() ?? null,
      store: store.snapshot(),
      order: order.snapshot(),
      content: forever === null ? windows?.snapshot(ranking => ranking.snapshot()) : forever.snapshot(),
    }),
    restore(snapshot) {
      const from = snapshot as { watermark: number; keys: unknown; store: unknown; order: unknown; content: unknown };
      watermark = from.watermark;
      keys?.restore(from.keys);
      store.restore(from.store);
      order.restore(from.order);
      forever?.restore(from.content);
      windows?.restore(from.content, saved => {
        const ranking = make();
        ranking.restore(saved);
        return ranking;
      });
    },
    size: () => ({ keys: forever?.groups ?? 0, windows: windows?.size ?? 0, entries: store.size, hold: null }),
  };
};
