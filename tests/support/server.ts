import { createApp } from "../../src/app.ts";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { createServices } from "../../src/create_services.ts";
import type { WebSocketRoute } from "../../src/routes.ts";
import { startServer, type StopOptions } from "../../src/server.ts";
import type { Services } from "../../src/services.ts";

/** The secret and the API key of test servers. */
export const testSecret = "a-secret-for-tests-of-32-bytes-or-more";
export const testApiKey = "an-api-key-for-tests";

/** A configuration for tests: loopback, a free port, known keys. */
export function testConfig(overrides: Partial<Config> = {}): Config {
  return {
    ...loadConfig({}),
    port: 0,
    store: "memory:",
    jwtSecrets: [testSecret],
    apiKeys: [testApiKey],
    ...overrides,
  };
}

/** The options of a test server. */
export interface TestServerOptions {
  readonly config?: Partial<Config>;
  /** Replaces services, for faults. */
  readonly services?: (services: Services) => Partial<Services>;
  readonly table?: readonly WebSocketRoute[];
  /** The text of the file named by `jwtPublicKey`. */
  readonly publicKey?: string;
}

/** A real server on a free port of loopback. Disposing stops the server. */
export interface TestServer extends AsyncDisposable {
  readonly services: Services;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Returns the WebSocket URL of a path, for example `/ws/test/x`. */
  ws(path: string): string;
  /** Publishes an event over HTTP. */
  publish(taskId: string, event: unknown): Promise<Response>;
  stop(timeoutMs?: number, options?: StopOptions): Promise<void>;
}

export async function startTestServer(
  options: TestServerOptions = {},
): Promise<TestServer> {
  const made = await createServices(
    testConfig({ drainTimeoutSeconds: 1, ...options.config }),
    options.publicKey === undefined
      ? undefined
      : { path: "key.pem", text: options.publicKey },
  );
  const services = { ...made, ...options.services?.(made) };
  await services.leases.start(services.store);
  const server = startServer(createApp(services, options.table), services);
  const origin = `http://127.0.0.1:${server.address.port}`;
  return {
    services,
    origin,
    ws: (path) => `ws://127.0.0.1:${server.address.port}${path}`,
    publish: (taskId, event) =>
      fetch(`${origin}/api/tasks/${encodeURIComponent(taskId)}/events`, {
        method: "POST",
        headers: { Authorization: `Bearer ${testApiKey}` },
        body: JSON.stringify(event),
      }),
    stop: (timeoutMs, options) => server.stop(timeoutMs, options),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
