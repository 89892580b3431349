/** What reads each kind of live source on Node: a connector without a driver does not compile. */
import { openFollow } from "../follow/driver.node.ts";
import { openHttp } from "../http/driver.node.ts";
import { openSimulated } from "../simulated/driver.node.ts";
import { openStdin } from "../stdin/driver.node.ts";
import { openWebSocket } from "../websocket/driver.node.ts";
import type { LiveConnector } from "./connectors.ts";
import type { OpenLive } from "./driver.ts";

export const liveDrivers: Readonly<Record<LiveConnector, OpenLive>> = {
  follow: openFollow,
  http: openHttp,
  websocket: openWebSocket,
  stdin: openStdin,
  simulated: openSimulated,
};
