import { wrongAddress } from "../http/spec.ts";
import type { LiveConnectorSpec } from "../live/connectors.ts";

export const websocket: LiveConnectorSpec = {
  name: "websocket",
  about: "A WebSocket whose messages are JSON objects, or lists of them; reconnects when the connection is lost.",
  reaches: "address",
  waits: false,
  formats: ["json", "jsonlines"],
  options: [
    {
      name: "send",
      value: '{subscribe: "payments"}',
      default: "nothing",
      about: "A message that is sent as JSON after each connect, such as a subscription.",
    },
  ],
  check: ({ name }) => wrongAddress(name, ["ws:", "wss:"]),
};
