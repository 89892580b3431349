/**
 * Which stories have been asked for, and how they are told: one after the other, in slices, once nothing is behind. A story
 * that an edit or a seek has overtaken begins anew.
 */
import type { Value } from "../columns/column.ts";
import type { Graph } from "../engine/graph.ts";
import type { Run } from "../engine/run.ts";
import { type Slices, some } from "../engine/slices.ts";
import { identity } from "../pipeline/identity.ts";
import type { Node } from "../pipeline/node.ts";
import type { FromEngine, ToEngine, Watched } from "./engine-messages.ts";
import { type Explanation, explainMark, explainRow } from "./explain.ts";
import type { Disturb } from "./injected-faults.ts";
import { type LiveView, viewNodes } from "./views.ts";

type Question = Extract<ToEngine, { type: "explain" }>;
type Answer = Extract<FromEngine, { type: "explained" }>;

/** What stories are told of. */
export interface Scene {
  readonly run: Run | null;
  readonly views: ReadonlyMap<string, LiveView>;
  readonly watched: ReadonlyMap<string, Watched>;
  readonly disturb: Disturb;
  /** The variable that holds a node as it runs, if one does. */
  readonly nameOf: (node: Node) => string | null;
}

/** Milliseconds of work on a story. */
const SLICE = 8;

export class Storyteller {
  readonly #now: () => number;
  readonly #post: (answer: Answer) => void;
  /** Asked and not answered yet, the oldest first. */
  #questions: Question[] = [];
  /** The story at work, and the graph that it is told of. */
  #telling: { readonly graph: Graph | null; readonly steps: Slices<Explanation | null> } | null = null;

  constructor(now: () => number, post: (answer: Answer) => void) {
    this.#now = now;
    this.#post = post;
  }

  /** Whether a story has been asked for and not been told. */
  get asked(): boolean {
    return this.#questions.length > 0;
  }

  ask(question: Question): void {
    this.#questions.push(question);
  }

  /** Works for one slice on the story that was asked for first. */
  tell(scene: Scene): void {
    const graph = scene.run?.graph ?? null;
    const [question] = this.#questions;
    if (this.#telling === null || this.#telling.graph !== graph)
      this.#telling = { graph, steps: story(question, scene) };
    const until = this.#now() + SLICE;
    const told = some(this.#telling.steps, () => this.#now() >= until);
    if (told === null) return;
    this.#telling = null;
    this.#questions.shift();
    const [explanation] = told;
    if (explanation !== null) this.#post({ type: "explained", request: question.request, ...explanation });
  }

  /** Answers all that was asked with why it is not told. */
  leave(): void {
    this.#telling = null;
    for (const { request } of this.#questions.splice(0))
      this.#post({ type: "explained", request, sentences: ["Stopped before it was told."], facts: {}, lines: [] });
  }
}

/** The story of a row or a mark of a view, or of a row of a stream; null where the view is not there any more. */
function* story(
  { view, row, values, node }: Question,
  { run, views, watched, disturb, nameOf }: Scene,
): Slices<Explanation | null> {
  const id = node === undefined ? null : identity(disturb(node));
  const live =
    id === null
      ? views.get(view)
      : [...views.values()].find(v => v.plan.chart === null && viewNodes(v.plan).some(n => identity(n) === id));
  if (live === undefined || run === null)
    return id === null
      ? null
      : { sentences: ["The stream is not on the page, so nothing is known of it."], facts: {}, lines: [] };
  if (values !== undefined) {
    const asked = { nodes: viewNodes(live.plan), roles: live.plan.roles };
    return yield* explainMark(asked, values as Readonly<Record<string, Value>>, run, nameOf);
  }
  const table = live.tables["main"] ?? Object.values(live.tables)[0];
  // The row that somebody sees is meant in the order in which she sees it; a cell means the stream's own.
  const sort = id === null ? (watched.get(view)?.sort ?? null) : null;
  return yield* explainRow(table, row, sort, run, nameOf);
}
