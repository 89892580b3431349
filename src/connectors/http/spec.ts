import type { LiveConnectorSpec } from "../live/connectors.ts";

export const http: LiveConnectorSpec = {
  name: "http",
  about: "An HTTP stream of JSON lines or server-sent events; reconnects with the last event's id.",
  reaches: "address",
  waits: true,
  formats: ["jsonlines", "sse"],
  options: [],
  check: ({ name }) => wrongAddress(name, ["http:", "https:"]),
};

/** Says what is wrong with an address, or null. */
export function wrongAddress(address: string, protocols: readonly string[]): string | null {
  if (!URL.canParse(address) || !protocols.includes(new URL(address).protocol))
    return `this is no address that can be read. Write it in full, beginning with ${protocols.map(p => `${p}//`).join(" or ")}.`;
  const { username, password } = new URL(address);
  return username !== "" || password !== ""
    ? "the address holds a name or a password, which would be saved in the notebook and its recordings. Leave them out."
    : null;
}
