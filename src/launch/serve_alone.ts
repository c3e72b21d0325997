import { createApp } from "../app.ts";
import { watchEventLoop } from "../process/event_loop_watch.ts";
import { log } from "../log/log.ts";
import { watchMemory } from "../process/memory_watch.ts";
import { webSocketRoutes } from "../routes.ts";
import { describeRoutes } from "./describe_routes.ts";
import { readKeyFile } from "./key_file.ts";
import { listen } from "./listen.ts";
import { tooManyUnopened } from "./open_files.ts";
import { openServices } from "./open_services.ts";
import type { KeyedConfig } from "./safe_defaults.ts";
import { listeningUrl } from "../config/listening_url.ts";
import { printStart } from "./start_lines.ts";
import { nextStopSignal, stopFor } from "./stop.ts";

/**
 * Serves with this process alone.
 *
 * @returns The exit code.
 */
export async function serveAlone(keyed: KeyedConfig): Promise<number> {
  const { config } = keyed;
  const services = await openServices(config, readKeyFile(config));
  const app = createApp(services);
  const server = listen(app, services);
  using memory = watchMemory(config.maxMemoryBytes);
  const { eventLoopDelay } = services.counters.durations;
  using _loop = watchEventLoop((seconds) => eventLoopDelay.observe(seconds));
  const stop = Promise.race([
    nextStopSignal(),
    memory.exceeded,
    tooManyUnopened(services.registry),
  ]);
  const url = listeningUrl({ ...config, ...server.address });
  log.info("Listening on {url}", { url: url.origin });
  const { jwtAlgorithms } = services;
  const routes = describeRoutes(app, webSocketRoutes).lines;
  printStart({
    url,
    keyed,
    jwtAlgorithms,
    routes,
    workers: 1,
  });
  return await stopFor(await stop, server, config);
}
