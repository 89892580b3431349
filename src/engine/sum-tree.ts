/** One tree of a `SumForest`: sums over the event time of one key, which rows are added to one by one. */
import { SumForest } from "./sum-forest.ts";

export class SumTree {
  /** After `insert`: the sum of the amounts up to and including the inserted one's time. */
  balance = 0;
  readonly #forest: SumForest;
  readonly #tree: number;

  /** Plants an empty tree, in a forest that it may share, or what `snapshot` gave. */
  constructor(forest: SumForest = new SumForest(), snapshot: unknown = null) {
    this.#forest = forest;
    this.#tree = snapshot === null ? forest.plant() : forest.restore(snapshot);
  }

  /** Number of entries. */
  get size(): number {
    return this.#forest.size(this.#tree);
  }

  /**
   * Adds an amount at an event time, after those of the same time. Leaves the balance at that time in `balance` and returns
   * how many later entries there are, whose balances all move by the amount.
   */
  insert(time: number, amount: number, arrival: number): number {
    const later = this.#forest.insertOne(this.#tree, time, amount, arrival);
    this.balance = this.#forest.balance;
    return later;
  }

  /** Returns the sum of the amounts whose event time is at most `time`. O(log n). */
  sumUntil(time: number): number {
    return this.#forest.sumUntil(this.#tree, time);
  }

  /** Returns the sum of the amounts whose event time is at most `time` and which had arrived by `arrival`. */
  sumKnown(time: number, arrival: number): number {
    return this.#forest.sumKnown(this.#tree, time, arrival);
  }

  /** Calls back for every entry in order of time. */
  forEach(visit: (time: number, amount: number, arrival: number) => void): void {
    this.#forest.forEach(this.#tree, visit);
  }

  /** Takes the tree out as plain data, sums as they are, so that a restored one goes on to the last bit. */
  snapshot(): unknown {
    return this.#forest.snapshot(this.#tree);
  }
}
