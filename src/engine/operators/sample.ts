/** `sample`: keeps rows whose hash falls below the share. */
import type { Batch } from "../../columns/batch.ts";
import type { Column } from "../../columns/column.ts";
import type { Dictionary } from "../../columns/dictionary.ts";
import type { SampleNode } from "../../pipeline/verbs/sample.ts";
import { dense } from "../flow.ts";
import { keyColumns } from "../key-index.ts";
import type { Operator, OperatorFactory } from "../operator.ts";
import { retracts } from "../retracts.ts";
import { hashNumber, hashText, mix } from "../row-store.ts";

export const sample: OperatorFactory<SampleNode> = (node, context): Operator => {
  const { by, fraction, seed } = node;
  const columns: ((batch: Batch) => readonly Column[]) | null =
    by !== null
      ? keyColumns([by], context.inputs[0], context.codegen)
      : retracts(node.input, context.profile)
        ? batch => batch.columns
        : null;
  const hashes = new ValueHashes();
  const limit = fraction * 2 ** 32;
  let seen = 0;
  return {
    step(_step, [input]) {
      const flow = dense(input);
      const selection = new Int32Array(flow.count);
      const read = columns === null || flow.count === 0 ? null : columns(flow.batch);
      let count = 0;
      for (let row = 0; row < flow.count; row++) {
        let hash = mix(seed ^ 0x9e3779b9);
        if (read === null) hash = mix(hash ^ mix(seen + row) ^ Math.floor((seen + row) / 2 ** 32));
        else for (const column of read) hash = mix(Math.imul(hash, 31) + hashes.of(column, row));
        if (hash >>> 0 < limit) selection[count++] = row;
      }
      seen += flow.count;
      return { main: count === flow.count ? flow : { ...flow, selection, count } };
    },
    snapshot: () => seen,
    restore(snapshot) {
      seen = snapshot as number;
    },
  };
};

/** Hashes of values that do not depend on how a dictionary numbers them; each text is hashed once. */
class ValueHashes {
  readonly #texts = new WeakMap<Dictionary, Map<number, number>>();

  of(column: Column, row: number): number {
    switch (column.type) {
      case "number":
      case "timestamp":
        return column.valid !== null && column.valid[row] === 0 ? 1 : hashNumber(column.values[row]);
      case "boolean":
        return column.valid !== null && column.valid[row] === 0 ? 1 : 2 + column.values[row];
      case "json":
        return hashText(JSON.stringify(column.values[row] ?? null));
      case "string": {
        const code = column.codes[row];
        if (code < 0) return 1;
        let known = this.#texts.get(column.dictionary);
        if (known === undefined) this.#texts.set(column.dictionary, (known = new Map()));
        let hash = known.get(code);
        if (hash === undefined) known.set(code, (hash = hashText(column.dictionary.value(code))));
        return hash;
      }
    }
  }
}
