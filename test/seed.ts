/**
 * Gives every property test its seed before it runs. The suite is the same from one run to the next, so that a failure is
 * a change's own; `TIDEMARK_SEED=random` hunts for cases that nobody has seen, and `TIDEMARK_SEED=n` repeats a hunt.
 */
import fc from "fast-check";

const FIXED = 20_261_120;

const asked = process.env["TIDEMARK_SEED"];
const seed = asked === undefined ? FIXED : asked === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(asked);
if (!Number.isInteger(seed)) throw new Error(`TIDEMARK_SEED is a whole number or "random", not "${asked}".`);
process.env["TIDEMARK_SEED"] = String(seed);
if (asked === "random") console.log(`TIDEMARK_SEED=${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
