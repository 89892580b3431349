/**
 * Decides what each name of each cell means and in which order cells run: a pure function of what the cells define and
 * need. A name means the cell that defines it; failing that what the kernel gives; then the library; then what is simply there.
 */
import type { CellAnalysis, Position } from "./analyze.ts";
import { cellBuiltins, languageGlobals } from "./globals.ts";

/** Where the value of a name comes from. `"nothing"` stands for a name in `typeof name` alone. */
export type Meaning =
  | { readonly from: "cell"; readonly cell: number }
  | { readonly from: "kernel" | "library" | "place" | "nothing" };

/** What is wrong with a cell among its neighbours. */
export interface TopologyError extends Position {
  readonly kind: "duplicate" | "cycle" | "unknown";
  readonly message: string;
  /** The other cells concerned. */
  readonly cells: readonly number[];
}

/** One cell uses a name of another. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

/** What `arrange` decides. */
export interface Topology {
  /** Ids so that a cell comes after all it needs; otherwise in the order of the page. */
  readonly order: readonly number[];
  readonly edges: readonly Edge[];
  /** For each cell, the meaning of each of its inputs. */
  readonly meanings: ReadonlyMap<number, ReadonlyMap<string, Meaning>>;
  readonly errors: ReadonlyMap<number, TopologyError>;
  /** The cell that defines each name; the first one where several do. */
  readonly definers: ReadonlyMap<string, number>;
}

/** Arranges cells, given in the order of the page. */
export function arrange(
  cells: ReadonlyMap<number, CellAnalysis>,
  library: ReadonlySet<string>,
  place: ReadonlySet<string>,
): Topology {
  const all = findDefiners(cells);
  const definers = new Map(Array.from(all, ([name, ids]) => [name, ids[0]]));
  const meanings = new Map<number, Map<string, Meaning>>();
  const edges: Edge[] = [];
  const errors = new Map<number, TopologyError>();

  for (const [id, { inputs }] of cells) {
    const meaning = new Map<string, Meaning>();
    meanings.set(id, meaning);
    for (const { name, soft, line, column } of inputs) {
      const cell = definers.get(name);
      if (cell !== undefined) {
        meaning.set(name, { from: "cell", cell });
        edges.push({ from: cell, to: id, name });
      } else if (cellBuiltins.has(name)) meaning.set(name, { from: "kernel" });
      else if (library.has(name)) meaning.set(name, { from: "library" });
      else if (place.has(name)) meaning.set(name, { from: "place" });
      else {
        meaning.set(name, { from: "nothing" });
        if (!soft && !errors.has(id))
          errors.set(id, {
            kind: "unknown",
            message: unknownName(name, definers, library, place),
            cells: [],
            line,
            column,
          });
      }
    }
  }

  const { order, cycles } = sortCells([...cells.keys()], edges);
  for (const cycle of cycles) for (const id of cycle.members) errors.set(id, cycleError(id, cycle, edges, cells));
  for (const [name, ids] of all) {
    if (ids.length < 2) continue;
    for (const id of ids) errors.set(id, duplicateError(id, name, ids, cells));
  }
  return { order, edges, meanings, errors, definers };
}

/** Lists the cells that define each name. What a broken cell only seems to define counts when nobody else defines it. */
function findDefiners(cells: ReadonlyMap<number, CellAnalysis>): Map<string, number[]> {
  const definers = new Map<string, number[]>();
  for (const broken of [false, true]) {
    for (const [id, { outputs, error }] of cells) {
      if ((error !== null) !== broken) continue;
      for (const name of new Set(outputs.map(output => output.name))) {
        const known = definers.get(name);
        if (known === undefined) definers.set(name, [id]);
        else if (!broken) known.push(id);
      }
    }
  }
  return definers;
}

function duplicateError(
  id: number,
  name: string,
  ids: readonly number[],
  cells: ReadonlyMap<number, CellAnalysis>,
): TopologyError {
  const others = ids.filter(each => each !== id);
  const place = (each: number) =>
    cells.get(each)?.outputs.find(output => output.name === name) ?? { line: 1, column: 1 };
  const where = others.map(each => `cell ${each} (line ${place(each).line})`).join(" and ");
  const { line, column } = place(id);
  const message = `\`${name}\` is defined here, in cell ${id}, and also in ${where}; rename or delete all but one`;
  return { kind: "duplicate", message, cells: others, line, column };
}

interface Cycle {
  readonly members: readonly number[];
  /** Ids along one way round, each needing the next. */
  readonly path: readonly number[];
}

function cycleError(
  id: number,
  cycle: Cycle,
  edges: readonly Edge[],
  cells: ReadonlyMap<number, CellAnalysis>,
): TopologyError {
  const at = Math.max(0, cycle.path.indexOf(id));
  const path = [...cycle.path.slice(at), ...cycle.path.slice(0, at)];
  const name = (user: number, definer: number) =>
    edges.find(edge => edge.to === user && edge.from === definer)?.name ?? "";
  const steps = path.map((user, index) => {
    const definer = path[(index + 1) % path.length];
    return `cell ${user} needs \`${name(user, definer)}\` of cell ${definer}`;
  });
  const inside = cells
    .get(id)
    ?.inputs.find(input =>
      edges.some(edge => edge.to === id && edge.name === input.name && cycle.members.includes(edge.from)),
    );
  return {
    kind: "cycle",
    message: `the cells need each other in a circle: ${steps.join(", ")}; move one of the definitions into a cell of its own`,
    cells: cycle.members.filter(each => each !== id),
    line: inside?.line ?? 1,
    column: inside?.column ?? 1,
  };
}

/** Sorts by need, in page order where need leaves the choice, and finds circles (Tarjan's strongly connected components). */
function sortCells(ids: readonly number[], edges: readonly Edge[]): { order: number[]; cycles: Cycle[] } {
  const needs = new Map<number, Set<number>>(ids.map(id => [id, new Set()]));
  for (const { from, to } of edges) needs.get(to)?.add(from);
  const order: number[] = [];
  const cycles: Cycle[] = [];
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const onStack = new Set<number>();

  // Tarjan finishes a component only after all it needs, which is the order in which cells may run.
  const visit = (id: number): number => {
    let lowest = index.size;
    index.set(id, lowest);
    stack.push(id);
    onStack.add(id);
    for (const need of needs.get(id) ?? []) {
      if (!index.has(need)) lowest = Math.min(lowest, visit(need));
      else if (onStack.has(need)) lowest = Math.min(lowest, index.get(need) ?? lowest);
    }
    low.set(id, lowest);
    if (lowest === index.get(id)) {
      const members = stack.splice(stack.indexOf(id));
      for (const member of members) onStack.delete(member);
      order.push(...members);
      if (members.length > 1)
        cycles.push({ members: ids.filter(each => members.includes(each)), path: findPath(members, needs) });
    }
    return lowest;
  };
  for (const id of ids) if (!index.has(id)) visit(id);
  return { order, cycles };
}

/** Finds a shortest way from the first member back to itself, within the members. */
function findPath(members: readonly number[], needs: ReadonlyMap<number, ReadonlySet<number>>): number[] {
  const start = Math.min(...members);
  const paths: number[][] = [[start]];
  const seen = new Set<number>();
  for (const path of paths) {
    for (const need of needs.get(path[path.length - 1]) ?? []) {
      if (need === start) return path;
      if (!members.includes(need) || seen.has(need)) continue;
      seen.add(need);
      paths.push([...path, need]);
    }
  }
  return [start];
}

function unknownName(
  name: string,
  definers: ReadonlyMap<string, number>,
  library: ReadonlySet<string>,
  place: ReadonlySet<string>,
): string {
  const message = `\`${name}\` is not defined: no cell defines it and the library has no such name`;
  const near = nearest(name, [definers.keys(), cellBuiltins, library, languageGlobals, place]);
  if (near === null) return `${message}; define it in a cell, for example \`const ${name} = …\``;
  const cell = definers.get(near);
  return `${message}; did you mean \`${near}\`${cell === undefined ? "" : ` of cell ${cell}`}?`;
}

/** Finds the most similar of some names: at most a third of the letters differ. Earlier lists win over later ones. */
function nearest(name: string, lists: readonly Iterable<string>[]): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const list of lists) {
    for (const candidate of list) {
      const distance = candidate.toLowerCase() === name.toLowerCase() ? 0.5 : editDistance(name, candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
  }
  return best;
}

/** Counts the letters to insert, delete, replace or swap with their neighbour (Damerau's distance, optimal alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.length];
}
