import type { LiveConnectorSpec } from "../live/connectors.ts";

/** What can be simulated. */
export const SIMULATIONS = ["payments"] as const;

export const simulated: LiveConnectorSpec = {
  name: "simulated",
  about: "Made-up events that arrive now, some of them late: card payments of four branches. Reaches nothing outside.",
  reaches: "host",
  waits: true,
  formats: [],
  options: [
    { name: "rate", value: "5", default: "5", about: "Rows a second, on average; at most 1,000." },
    {
      name: "seed",
      value: "1",
      default: "1",
      about: "The same seed makes the same rows; when they arrive is the clock's.",
    },
  ],
  check: ({ name, options: { rate, seed } }) =>
    !SIMULATIONS.some(known => known === name)
      ? `nothing of this name is simulated. There is: ${SIMULATIONS.join(", ")}.`
      : rate !== undefined && !(typeof rate === "number" && rate > 0 && rate <= 1_000)
        ? `rate takes rows a second above 0, at most 1,000, not ${JSON.stringify(rate)}.`
        : seed !== undefined && !Number.isInteger(seed)
          ? `seed takes a whole number, not ${JSON.stringify(seed)}.`
          : null,
};
