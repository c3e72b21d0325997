import type { WebSocketRoute } from "../../src/routes.ts";

/** A table of one route that accepts and says nothing, for clients that wait. */
export const silentTable: readonly WebSocketRoute[] = [{
  name: "silent",
  path: "/ws/silent/{connection_id}",
  endpoint: () => () => {},
}];
