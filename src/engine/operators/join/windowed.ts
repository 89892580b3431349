/**
 * The join window by window: rows are kept until the watermark passes the end of their window, which then comes out at
 * once; late rows change it until it expires.
 */
import { Bytes, Floats } from "../../../columns/growing.ts";
import type { WindowingStrategy } from "../../../model/strategy.ts";
import { hasWindowColumns } from "../../../pipeline/verbs/aggregate.ts";
import { droppedColumns, type JoinNode, joinColumns } from "../../../pipeline/verbs/join.ts";
import { Arrangement, Links } from "../../arrangement.ts";
import { Dropped } from "../../dropped.ts";
import { Emission, timestamps } from "../../emission.ts";
import { CAUSES, type Flow, type Turns } from "../../flow.ts";
import { readKeys } from "../../holdings.ts";
import type { Operator, OperatorContext, Outputs } from "../../operator.ts";
import { numberOf } from "../../step.ts";
import { denseAll, minimumWatermark, walk } from "../../walk.ts";
import { assigned, assigner } from "../../windowing/assign.ts";
import { type OpenWindow, WindowSet } from "../../window-set.ts";
import { type Emit, IncrementalJoin } from "./incremental.ts";
import { gatherJoined, Residual, SlotList, sideStores } from "./sides.ts";

/** What is held for a window. When it expires, another window can have it. */
interface Content {
  readonly join: IncrementalJoin;
  /** Slots of each side in order of arrival, until the window is complete. */
  order: Order | null;
}

type Order = readonly [SlotList, SlotList];

export function windowedJoin(node: JoinNode, strategy: WindowingStrategy, context: OperatorContext): Operator {
  const schema = context.schema("main");
  const bounds = hasWindowColumns(strategy);
  const columns = joinColumns(node, context.inputs, bounds ? ["window_start", "window_end"] : []);
  const dropColumns = droppedColumns(node, context.inputs);
  const keys = readKeys(
    [node.keys.left, node.keys.right].map((by, input) => ({ input, keys: by })),
    context,
  );
  const stores = sideStores(context);
  const links: [Links, Links] = [new Links(), new Links()];
  const residual = node.keys.residual === null ? null : new Residual(node.keys.residual, context);
  const windows = new WindowSet<Content>(strategy, context.profile);
  const assign = assigner(strategy.window);
  const into = assigned();
  const emission = new Emission();
  const dropped = new Dropped(windows.lateness);
  const saysLate = context.reads("late");
  /** What windows that have expired, or are complete, had. */
  const spare: Content[] = [];
  const spareOrders: Order[] = [];
  const make = (): Content => {
    const order = spareOrders.pop() ?? [new SlotList(), new SlotList()];
    const again = spare.pop();
    if (again !== undefined) {
      again.order = order;
      return again;
    }
    const sides = [new Arrangement(stores[0], links[0]), new Arrangement(stores[1], links[1])] as const;
    return { join: new IncrementalJoin(node.kind, sides, residual), order };
  };
  const giveBackOrder = (content: Content): void => {
    if (content.order === null) return;
    for (const list of content.order) list.count = 0;
    spareOrders.push(content.order);
    content.order = null;
  };
  const turns = context.turns === true ? new RowTurns() : null;
  let cause: number = CAUSES.row;
  let watermark = -Infinity;
  let position = 0;
  /** The number of the position, from the start of the run. */
  let number = 0;
  let clock = NaN;
  let current: OpenWindow<Content> | null = null;
  const emit: Emit = (left, right, weight, time) => {
    const { start, end } = current as OpenWindow<Content>;
    // The global window has no last millisecond; its rows keep their own time.
    const before = emission.count;
    emission.emit(position, clock, end === Infinity ? time : end - 1, weight, left, right, start, end);
    if (turns !== null && emission.count > before) turns.speak(cause, left, right);
  };

  const complete = (window: OpenWindow<Content>): void => {
    current = window;
    const { join, order } = window.content;
    if (order === null) return;
    join.all(order, emit);
    giveBackOrder(window.content);
  };
  const close = ({ content }: OpenWindow<Content>): void => {
    content.join.clear();
    giveBackOrder(content);
    spare.push(content);
  };

  /** Puts a row into one of its windows, or among the dropped ones. */
  const place = (side: 0 | 1, flow: Flow, row: number, key: number, weight: number, which: number): void => {
    // The bounds are read here, because numbers that are handed over are put into boxes.
    const start = into.start[which];
    const end = into.end[which];
    if (windows.expired(end, watermark)) {
      if (!saysLate) return;
      const slot = stores[side].put(flow.batch, row, flow.time[row]);
      stores[side].free(slot);
      const [left, right] = side === 0 ? [slot, -1] : [-1, slot];
      dropped.add(position, clock, flow.time[row], weight, left, right, start, end, watermark);
      return;
    }
    current = windows.open(start, end, watermark, make);
    const { join, order } = current.content;
    const own = join.sides[side];
    const sign = weight < 0 ? -1 : 1;
    for (let unit = 0; unit !== weight; unit += sign) {
      const before = own.rows;
      const slot = join.change(side, key, flow.batch, row, flow.time[row], sign, current.complete ? emit : null);
      if (order === null || current.complete) continue;
      if (own.rows > before) {
        order[side].push(slot);
        turns?.came(side, slot, number);
      } else if (own.rows < before) order[side].remove(slot);
    }
  };

  return {
    step(step, inputs): Outputs {
      const flows = denseAll(inputs);
      const ids = flows.map((flow, side) => keys.keys[side].matches(flow.batch));
      const output = minimumWatermark(inputs);
      watermark = walk(step, flows, output, watermark, {
        row(input, row, at, own) {
          const side = input as 0 | 1;
          const flow = flows[side];
          position = at;
          clock = own;
          cause = CAUSES.row;
          number = numberOf(step, at);
          const weight = flow.weight === null ? 1 : flow.weight[row];
          assign(flow.time[row], into);
          for (let i = 0; i < into.count; i++) place(side, flow, row, ids[side][row], weight, i);
        },
        advance(at, moved) {
          watermark = moved;
          position = at;
          clock = NaN;
          cause = CAUSES.watermark;
          windows.advance(moved, complete, close);
        },
      });
      const said = turns?.take(emission) ?? null;
      const main = emission.take(step, schema, output, (e, count) => [
        ...gatherJoined(columns, stores, e.left, e.right, count),
        ...(bounds ? [timestamps(e.start, count), timestamps(e.end, count)] : []),
      ]);
      const late = saysLate
        ? dropped.take(step, context.schema("late"), output, (left, right, count) =>
            gatherJoined(dropColumns, stores, left, right, count),
          )
        : null;
      for (const store of stores) store.release();
      const told = said === null ? main : { ...main, turns: said };
      return late === null ? { main: told } : { main: told, late };
    },
    snapshot: () => ({
      watermark,
      keys: keys.snapshot(),
      stores: stores.map(s => s.snapshot()),
      windows: windows.snapshot(({ join, order }) => ({
        join: join.snapshot(),
        order: order === null ? null : order.map(list => list.slots.slice(0, list.count)),
      })),
    }),
    restore(snapshot) {
      const from = snapshot as { watermark: number; keys: unknown; stores: unknown[]; windows: unknown };
      watermark = from.watermark;
      keys.restore(from.keys);
      stores.forEach((store, i) => store.restore(from.stores[i]));
      windows.restore(from.windows, saved => {
        const { join, order } = saved as { join: unknown; order: readonly Int32Array[] | null };
        const content = make();
        content.join.restore(join);
        if (order === null) giveBackOrder(content);
        else
          order.forEach((slots, side) => {
            for (const slot of slots) (content.order as Order)[side].push(slot);
          });
        return content;
      });
    },
    size: () => ({ keys: 0, windows: windows.size, entries: stores[0].size + stores[1].size, hold: null }),
  };
}

/** Right rows by themselves come after all left rows of their window. */
const AFTER_LEFT = 2 ** 50;

/** Says whose turn each row is: windows speak in the order of their left rows, and then of the right rows that have no match. */
class RowTurns {
  /** By slot of each side: the number of the position at which its row came. */
  readonly #came: [Float64Array, Float64Array] = [new Float64Array(64), new Float64Array(64)];
  readonly #cause = new Bytes();
  readonly #key = new Floats();

  came(side: 0 | 1, slot: number, number: number): void {
    const known = this.#came[side];
    if (slot >= known.length) {
      this.#came[side] = new Float64Array(2 * slot);
      this.#came[side].set(known);
    }
    this.#came[side][slot] = number;
  }

  /** A row comes out, of these slots of both sides. */
  speak(cause: number, left: number, right: number): void {
    this.#cause.push(cause);
    this.#key.push(left >= 0 ? this.#came[0][left] : AFTER_LEFT + this.#came[1][right]);
  }

  /** Takes what was said of the rows of an emission. */
  take({ count, start, end }: Emission): Turns {
    return {
      cause: this.#cause.take(),
      end: end.slice(0, count),
      start: start.slice(0, count),
      key: this.#key.take(),
    };
  }
}
