/**
 * Scales that two drawings of one chart share, so that what is larger in one of them looks larger. Each draws with the union of both
 * domains, plot by plot; when one of them learns that its own have changed, the other is drawn again.
 *
 * Only scales whose domain is two numbers are shared. Bands are each drawing's own, and so are ticks that a chart chose by itself.
 */
import type * as Plot from "@observablehq/plot";

type Domain = readonly [number, number];
const SHARED = ["x", "y", "color"] as const;

/** One of the two drawings, while it is made: `begin`, a `widened` for each plot, `end`. */
export interface ScaleSide {
  begin(): void;
  /** Returns what a plot is to be drawn with. */
  widened(spec: Plot.PlotOptions): Plot.PlotOptions;
  end(): void;
}

export class SharedScales {
  readonly #own: [Map<string, Domain>, Map<string, Domain>] = [new Map(), new Map()];
  readonly #changed: [() => void, () => void] = [() => {}, () => {}];

  /** The first or the second drawing; `redraw` is called when the other one has changed the scales. */
  side(index: 0 | 1, redraw: () => void): ScaleSide {
    this.#changed[index] = redraw;
    let plots = 0;
    let own = new Map<string, Domain>();
    return {
      begin: () => {
        plots = 0;
        own = new Map();
      },
      widened: spec => {
        const plot = plots++;
        const wide: Record<string, unknown> = {};
        for (const scale of SHARED) {
          const domain = numeric(spec[scale]?.domain);
          if (domain === null) continue;
          const key = `${plot} ${scale}`;
          own.set(key, domain);
          const other = this.#own[1 - index].get(key);
          if (other !== undefined) wide[scale] = { ...spec[scale], domain: union(domain, other) };
        }
        return { ...spec, ...wide };
      },
      end: () => {
        const same = written(own) === written(this.#own[index]);
        this.#own[index] = own;
        if (!same) this.#changed[1 - index]();
      },
    };
  }

  /** Forgets a drawing that is not there any more. */
  leave(index: 0 | 1): void {
    this.#changed[index] = () => {};
    if (this.#own[index].size === 0) return;
    this.#own[index] = new Map();
    this.#changed[1 - index]();
  }
}

const written = (domains: ReadonlyMap<string, Domain>): string => JSON.stringify([...domains]);

function numeric(domain: unknown): Domain | null {
  if (!Array.isArray(domain) || domain.length !== 2) return null;
  const [a, b] = domain as unknown[];
  return typeof a === "number" && typeof b === "number" && Number.isFinite(a) && Number.isFinite(b) ? [a, b] : null;
}

/** The smallest domain that has both in it, in the direction of the first. */
function union([a, b]: Domain, [c, d]: Domain): Domain {
  const [low, high] = [Math.min(a, b, c, d), Math.max(a, b, c, d)];
  return a <= b ? [low, high] : [high, low];
}
