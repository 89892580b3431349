/** Work in slices: long work that stops where it is asked to, so that whoever it runs beside can speak in between. */

/** Asked between two pieces of work whether it is time to stop. */
export type Enough = () => boolean;

/** Objects of a state that are copied, saved or put back between two chances to stop. */
export const MANY_OBJECTS = 256;

export const never: Enough = () => false;
export const always: Enough = () => true;

/** Work that can stop wherever it yields, and comes to a result. */
export type Slices<T> = Generator<void, T>;

/** Does all of the work at once. */
export function atOnce<T>(work: Slices<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Does some of the work, until `enough` says so. Returns its result in a list of one; null when there is more to do. */
export function some<T>(work: Slices<T>, enough: Enough): readonly [T] | null {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return [value];
    if (enough()) return null;
  }
}
