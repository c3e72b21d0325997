import type { Connection } from "../../src/connections/connection.ts";
import type { ConnectionRegistry } from "../../src/connections/registry.ts";

/**
 * Resolves with the next connection whose socket the runtime releases. Call
 * before the release is possible.
 */
export function nextRelease(registry: ConnectionRegistry): Promise<Connection> {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const released = registry.released.bind(registry);
  registry.released = (connection) => {
    released(connection);
    resolve(connection);
  };
  return promise;
}
