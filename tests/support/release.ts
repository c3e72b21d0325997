import type { Connection } from "../../src/sockets/connection.ts";
import type { ConnectionRegistry } from "../../src/sockets/registry.ts";

/** The connection whose socket the runtime lets go of next; ask before it can. */
export function nextRelease(registry: ConnectionRegistry): Promise<Connection> {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const released = registry.released.bind(registry);
  registry.released = (connection) => {
    released(connection);
    resolve(connection);
  };
  return promise;
}
