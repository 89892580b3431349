/**
 * What all printers share: pieces of text that know how tightly they bind, and a record of what could not be said.
 *
 * A printer never stops at the first obstacle. It writes a placeholder, notes the construct, and goes on, so that an
 * exporter can list every obstacle at once. A `note` is a difference that the target has but that does not prevent it.
 */
/** Text and how tightly its outermost operator binds. Atoms bind tightest. */
export interface Fragment {
  readonly text: string;
  readonly binds: number;
  /**
   * For an operation that is null when one of some operands is: what has to be tested, and the operation without the
   * tests. An operation around it takes the tests over, so that they are written once, in front.
   */
  readonly guarded?: { readonly subjects: readonly string[]; readonly body: Fragment };
}

/** Binds tighter than any operator: names, literals, calls, anything in brackets. */
export const ATOM = 100;

export function atom(text: string): Fragment {
  return { text, binds: ATOM };
}

/** Writes a fragment as an operand of something that binds with `least`: in parentheses when it binds less tightly. */
export function within(fragment: Fragment, least: number): string {
  return fragment.binds < least ? `(${fragment.text})` : fragment.text;
}

/** Something a target cannot say. */
export interface Obstacle {
  /** The construct, as the author wrote it where that is known. */
  readonly construct: string;
  readonly reason: string;
}

/** What a printer hands back. With obstacles, the text has placeholders and must not be used as it is. */
export interface Printed {
  readonly text: string;
  readonly obstacles: readonly Obstacle[];
  /** Differences in rare cases, as sentences for a comment beside the text. */
  readonly notes: readonly string[];
  /** Definitions the text needs before it, each once, in order. */
  readonly helpers: readonly string[];
}

/** Collects obstacles, notes and helpers while a printer runs. */
export class Findings {
  readonly #obstacles: Obstacle[] = [];
  readonly #notes = new Set<string>();
  readonly #helpers = new Map<string, string>();

  /** Notes an obstacle and returns a placeholder that no target would accept. */
  cannot(construct: string, reason: string): Fragment {
    this.#obstacles.push({ construct, reason });
    return atom(`⟨${construct}⟩`);
  }

  note(sentence: string): void {
    this.#notes.add(sentence);
  }

  /** Asks for a definition and returns its name. */
  helper(name: string, definitions: Readonly<Record<string, string>>): string {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`There is no helper "${name}".`);
    this.#helpers.set(name, definition);
    return name;
  }

  printed(text: string): Printed {
    return { text, obstacles: this.#obstacles, notes: [...this.#notes], helpers: [...this.#helpers.values()] };
  }
}

/**
 * Puts arguments into a record's template. An argument that is an operand of something else in the template (not alone
 * between brackets and commas) is put in parentheses unless it is an atom.
 */
export function fillTemplate(template: string, args: readonly Fragment[]): string {
  return template.replace(/\$(\*|\d)/g, (_match, which: string, at: number) => {
    if (which === "*") return args.map(a => a.text).join(", ");
    const before = template.slice(0, at).trimEnd().at(-1);
    const after = template.slice(at + 2).trimStart()[0];
    const alone =
      (before === "(" || before === "," || before === "[") && (after === ")" || after === "," || after === "]");
    const argument = args[Number(which) - 1];
    return alone ? argument.text : within(argument, ATOM);
  });
}

/** Tells whether a filled template is one call or name, so that it needs no parentheses as an operand. */
export function isAtomic(text: string): boolean {
  let depth = 0;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quote !== "") {
      if (c === "\\") i++;
      else if (c === quote) quote = "";
    } else if (c === '"' || c === "'") quote = c;
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    else if (depth === 0 && !/[\p{L}\p{N}_$.]/u.test(c)) return false;
  }
  return true;
}
