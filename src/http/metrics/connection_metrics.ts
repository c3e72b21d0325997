import type { MeasuredParts } from "./measured_parts.ts";
import { byLabel } from "./by_label.ts";
import {
  addCounter,
  addGauge,
  type Registry,
} from "../../metrics/prometheus.ts";

/** Adds the metrics of sockets, tokens and credentials. */
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
      "Open connections; auth_status is 'none' if the route does not authenticate, or before authentication.",
    labelNames: ["route", "auth_status"],
    read: () => openConnections({ counters, registry }),
  });
  addGauge(target, {
    name: "taskwire_sockets",
    help:
      "Sockets held: opening, open, and closed by the server but not yet by the client.",
    read: () => registry.socketCount,
  });
  addGauge(target, {
    name: "taskwire_unopened_sockets",
    help:
      "Sockets not opened because the client reset the connection during the handshake; the runtime may keep the file descriptors.",
    read: () => registry.unopenedCount,
  });
  addGauge(target, {
    name: "taskwire_max_sockets",
    help:
      "Maximum number of sockets (TASKWIRE_MAX_CONNECTIONS); 0 for no limit.",
    read: () => config.maxConnections,
  });
  addCounter<"route" | "result">(target, {
    name: "taskwire_handshakes_total",
    help:
      "Handshakes of WebSockets and event streams; the result is 'accepted' or the code of the problem.",
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
      "Tokens of watchers; the result is 'authenticated' or the reason for the rejection.",
    labelNames: ["result"],
    read: () => byLabel("result", counters.tokens),
  });
  addCounter<"result">(target, {
    name: "taskwire_credentials_total",
    help:
      "Credentials of API requests; the result is 'api_key' or 'token' if accepted, otherwise the reason for the rejection.",
    labelNames: ["result"],
    read: () => byLabel("result", counters.credentials),
  });
  addCounter<"code">(target, {
    name: "taskwire_closes_total",
    help:
      "Closed connections, by close code; 1005: closed by the client without a code; 1006: lost without a close frame.",
    labelNames: ["code"],
    read: () => byLabel("code", counters.closes),
  });
  addCounter(target, {
    name: "taskwire_evicted_connections_total",
    help: "Connections closed for slow reading (4408).",
    read: () => counters.evictedConnections,
  });
  addCounter(target, {
    name: "taskwire_accept_failures_total",
    help:
      "Failures to accept connections, each followed by a new listener; the usual cause is a lack of file descriptors.",
    read: () => counters.acceptFailures,
  });
  addCounter(target, {
    name: "taskwire_key_set_failures_total",
    help: "Failed reads of the key set (TASKWIRE_JWKS_URL).",
    read: () => counters.keySetFailures,
  });
}

/** Counts open connections by route and status; routes without connections count 0. */
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
