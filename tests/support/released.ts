import type { TestServer } from "./server.ts";

/** Resolves when the runtime has let go of the last socket and stream. */
export function allReleased(
  { services: { registry } }: Pick<TestServer, "services">,
): Promise<void> {
  return new Promise((resolve) => {
    const released = registry.released.bind(registry);
    registry.released = (connection) => {
      released(connection);
      if (registry.socketCount === 0) resolve();
    };
  });
}
