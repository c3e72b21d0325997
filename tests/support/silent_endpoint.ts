import type { WebSocketRoute } from "../../src/routes.ts";

/** A table with a single, accepting and silent route, for waiting clients. */
export const silentTable: readonly WebSocketRoute[] = [{
  name: "silent",
  path: "/ws/silent/{connection_id}",
  endpoint: () => () => {},
}];
