import type { MeasuredParts } from "./measured_parts.ts";
import { byLabel } from "./by_label.ts";
import {
  addCounter,
  addGauge,
  type Registry,
} from "../../metrics/prometheus.ts";

/** Adds what there is to know of sockets and of who is behind them. */
export function addConnectionMetrics(
  target: Registry,
  { config, counters, registry }: Pick<
    MeasuredParts,
    "config" | "counters" | "registry"
  >,
): void {
  addGauge<"route" | "auth_status">(target, {
    name: "taskwire_connections",
    help:
      "Open connections; auth_status is 'none' where the route does not ask, or has not asked yet.",
    labelNames: ["route", "auth_status"],
    read: () => openConnections({ counters, registry }),
  });
  addGauge(target, {
    name: "taskwire_sockets",
    help:
      "Sockets held: open connections, those that are opening, and those that were closed and whose peer does not let go.",
    read: () => registry.socketCount,
  });
  addGauge(target, {
    name: "taskwire_unopened_sockets",
    help:
      "Sockets that did not open because their clients reset the connection during the handshake; the runtime may keep their descriptors.",
    read: () => registry.unopenedCount,
  });
  addGauge(target, {
    name: "taskwire_max_sockets",
    help: "How many sockets may be held (TASKWIRE_MAX_CONNECTIONS); 0: any.",
    read: () => config.maxConnections,
  });
  addCounter<"route" | "result">(target, {
    name: "taskwire_handshakes_total",
    help:
      "Handshakes of WebSockets and event streams; the result is 'accepted', or the code of the problem.",
    labelNames: ["route", "result"],
    read: function* () {
      for (const [route, results] of Object.entries(counters.handshakes)) {
        for (const [result, count] of Object.entries(results)) {
          yield [{ route, result }, count];
        }
      }
    },
  });
  addCounter<"result">(target, {
    name: "taskwire_tokens_total",
    help:
      "Tokens that watchers came with; the result is 'authenticated', or why not.",
    labelNames: ["result"],
    read: () => byLabel("result", counters.tokens),
  });
  addCounter<"result">(target, {
    name: "taskwire_credentials_total",
    help:
      "Credentials of requests to the API; the result is 'api_key' or 'token' for accepted ones, otherwise the reason for the refusal.",
    labelNames: ["result"],
    read: () => byLabel("result", counters.credentials),
  });
  addCounter<"code">(target, {
    name: "taskwire_closes_total",
    help:
      "Closed connections, by close code; 1005: the client gave none; 1006: lost without a close.",
    labelNames: ["code"],
    read: () => byLabel("code", counters.closes),
  });
  addCounter(target, {
    name: "taskwire_evicted_connections_total",
    help: "Connections closed because they were too slow (4408).",
    read: () => counters.evictedConnections,
  });
  addCounter(target, {
    name: "taskwire_accept_failures_total",
    help:
      "Times that connections could not be accepted and the port was listened on again; too few file descriptors, as a rule.",
    read: () => counters.acceptFailures,
  });
  addCounter(target, {
    name: "taskwire_key_set_failures_total",
    help: "Reads of the key set (TASKWIRE_JWKS_URL) that failed.",
    read: () => counters.keySetFailures,
  });
}

/** Each route is there, with none where nobody is connected. */
function* openConnections(
  { counters, registry }: Pick<MeasuredParts, "counters" | "registry">,
): Generator<[Record<"route" | "auth_status", string>, number]> {
  const byRoute = new Map<string, Map<string, number>>();
  for (const route of Object.keys(counters.handshakes)) {
    byRoute.set(route, new Map([["none", 0]]));
  }
  for (const { handshake: { route }, authStatus = "none" } of registry.list()) {
    const counts = byRoute.get(route) ?? new Map<string, number>();
    byRoute.set(route, counts);
    counts.set(authStatus, (counts.get(authStatus) ?? 0) + 1);
  }
  for (const [route, counts] of byRoute) {
    for (const [auth_status, count] of counts) {
      yield [{ route, auth_status }, count];
    }
  }
}
