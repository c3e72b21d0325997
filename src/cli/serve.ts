import { Command } from "commander";
import { createApp } from "../app.ts";
import { watchEventLoop } from "../process/event_loop_watch.ts";
import { configureLog, log } from "../log/log.ts";
import { watchMemory } from "../process/memory_watch.ts";
import { webSocketRoutes } from "../routes.ts";
import { type SettingName, settings } from "../config/settings.ts";
import { type CliCommand, readConfig, withSettings } from "./command.ts";
import { readKeyFile } from "./key_file.ts";
import { listen } from "./listen.ts";
import {
  fitOpenFiles,
  readOpenFileLimit,
  tooManyUnopened,
} from "./open_files.ts";
import { openServices } from "./open_services.ts";
import { describeRoutes } from "./routes.ts";
import { hasShortApiKey, type KeyedConfig, withKeys } from "./safe_defaults.ts";
import { listeningUrl } from "./server_url.ts";
import { printStart } from "./start_lines.ts";
import { nextStopSignal, stopFor } from "./stop.ts";
import { supervise } from "./supervise.ts";

/** `taskwire serve`: runs the server until SIGTERM or SIGINT, or until a limit of the process is reached. */
export function serveCommand(): CliCommand {
  return {
    isDefault: true,
    command: withSettings(
      new Command("serve").description("run the server (the default command)"),
      Object.keys(settings) as SettingName[],
    ),
    async action(command) {
      const configured = withKeys(readConfig(command));
      const { log: level, workers } = configured.config;
      configureLog(level, Deno.stderr.isTerminal());
      if (hasShortApiKey(configured.config)) {
        log.warn(
          "A key in TASKWIRE_API_KEYS has fewer than 16 characters and can be guessed: replace it with the output of 'openssl rand -hex 16'",
        );
      }
      const openFiles = await readOpenFileLimit();
      const keyed = openFiles === undefined ? configured : {
        ...configured,
        config: fitOpenFiles(configured.config, openFiles),
      };
      const count = workers === "auto"
        ? navigator.hardwareConcurrency
        : workers;
      if (count > 1) return await supervise(keyed, count);
      // Only the start of workers needs this permission.
      Deno.permissions.revokeSync({ name: "run" });
      return await serveAlone(keyed);
    },
  };
}

async function serveAlone(keyed: KeyedConfig): Promise<number> {
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
