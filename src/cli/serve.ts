import { Command } from "commander";
import type { Hono } from "hono";
import { createApp } from "../app.ts";
import { KeyError } from "../auth/verification_key.ts";
import { type Config, showText } from "../config.ts";
import { createServices } from "../create_services.ts";
import { watchEventLoop } from "../event_loop_watch.ts";
import { configureLog, log } from "../log.ts";
import { watchMemory } from "../memory_watch.ts";
import { webSocketRoutes } from "../routes.ts";
import { type RunningServer, startServer } from "../server.ts";
import type { Services } from "../services.ts";
import { type SettingName, settings } from "../settings.ts";
import { StoreOpenError } from "../store/store.ts";
import { version } from "../version.ts";
import { type CliCommand, readConfig, withSettings } from "./command.ts";
import { CommandFailure } from "./failure.ts";
import { invocation } from "./invocation.ts";
import { describeKeys, readKeyFile } from "./key_file.ts";
import { printLine } from "./output.ts";
import { describeRoutes } from "./routes.ts";
import { type KeyedConfig, withKeys } from "./safe_defaults.ts";
import { serverUrl } from "./server_url.ts";

/** `EX_TEMPFAIL` of sysexits.h: what the supervisor is to start again. */
const restartExitCode = 75;

/** How long a drain may take while memory grows, in milliseconds: an attack goes on meanwhile. */
const hastyDrainMs = 2_000;

/** `taskwire serve`: runs the server until SIGTERM or SIGINT, or until it takes too much memory. */
export function serveCommand(): CliCommand {
  return {
    isDefault: true,
    command: withSettings(
      new Command("serve").description("run the server (the default command)"),
      Object.keys(settings) as SettingName[],
    ),
    async action(command) {
      const keyed = withKeys(readConfig(command));
      configureLog(keyed.config.log, Deno.stderr.isTerminal());
      const services = await open(keyed.config);
      const app = createApp(services);
      const server = listen(app, services);
      using memory = watchMemory(keyed.config.maxMemoryBytes);
      const { eventLoopDelay } = services.counters.durations;
      using _loop = watchEventLoop((seconds) =>
        eventLoopDelay.observe(seconds)
      );
      const stop = Promise.race([
        nextStopSignal(),
        memory.exceeded,
      ]);
      const url = serverUrl(undefined, { ...keyed.config, ...server.address });
      log.info("Listening on {url}", { url: url.origin });
      for (const line of describeStart(url, app, keyed, services)) {
        printLine(line);
      }
      return await stopFor(await stop, server, keyed.config);
    },
  };
}

/**
 * Stops the server.
 *
 * @param reason A signal, or the memory that is too much, in bytes.
 * @returns The exit code.
 */
async function stopFor(
  reason: Deno.Signal | number,
  server: RunningServer,
  { drainTimeoutSeconds, maxMemoryBytes }: Config,
): Promise<number> {
  if (typeof reason === "string") {
    log.info("{signal} received", { signal: reason });
    // A second signal ends the process at once, as the runtime has it.
    await server.stop();
    return 0;
  }
  log.error(
    "The process takes {bytes} bytes of memory, more than the {maxMemoryBytes} of TASKWIRE_MAX_MEMORY_BYTES: it stops, to be started again",
    { bytes: reason, maxMemoryBytes },
  );
  await server.stop(Math.min(hastyDrainMs, drainTimeoutSeconds * 1_000));
  return restartExitCode;
}

async function open(config: Config): Promise<Services> {
  const publicKey = readKeyFile(config);
  try {
    const services = await createServices(config, publicKey);
    await services.leases.start(services.store);
    return services;
  } catch (error) {
    if (error instanceof KeyError) throw new CommandFailure(error.message);
    if (!(error instanceof StoreOpenError)) throw error;
    throw new CommandFailure(`the store can't be used: ${error.message}`);
  }
}

function listen(app: Hono, services: Services): RunningServer {
  const { host, port } = services.config;
  try {
    return startServer(app, services);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandFailure(
        `${host}:${port} is taken: stop what listens there, or choose another port with --port (0 for any)`,
      );
    }
    // The runtime has no class of its own for a name that does not resolve.
    if (
      error instanceof Error &&
      ("code" in error || /failed to lookup address/.test(error.message))
    ) {
      throw new CommandFailure(
        `cannot listen on ${host}:${port}: ${error.message}`,
      );
    }
    throw error;
  }
}

/** Resolves to the first signal that asks the server to stop; later ones act as without us. */
function nextStopSignal(): Promise<Deno.Signal> {
  const signals: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    const listeners = signals.map((signal) => ({
      signal,
      listener() {
        for (const { signal, listener } of listeners) {
          Deno.removeSignalListener(signal, listener);
        }
        resolve(signal);
      },
    }));
    for (const { signal, listener } of listeners) {
      Deno.addSignalListener(signal, listener);
    }
  });
}

/** What `serve` prints: where it listens, how it is set, and what to paste next. */
function describeStart(
  url: URL,
  app: Hono,
  keyed: KeyedConfig,
  { jwtAlgorithms }: Services,
): readonly string[] {
  const { config } = keyed;
  return [
    `taskwire ${version} listens on ${url.origin}`,
    `   store: ${showText(config.store)}${
      config.store === "memory:"
        ? " (tasks are gone when the server stops)"
        : ""
    }`,
    `   auth:  ${config.auth}; tokens signed with ${
      jwtAlgorithms.join(", ")
    }, checked with ${
      describeKeys(config).join(", ")
    }; guests are user ${config.guestUserId}`,
    ...describeRoutes(app, webSocketRoutes).lines,
    ...describeMadeKeys(keyed),
    ...describeNextSteps(url, keyed),
  ];
}

function describeMadeKeys({ madeSecret, madeApiKey }: KeyedConfig): string[] {
  if (!madeSecret && !madeApiKey) return [];
  return [
    "",
    "Made at random for this run, because they were not set. Set them yourself to keep them:",
    ...(madeSecret ? [`   TASKWIRE_JWT_SECRET=${madeSecret}`] : []),
    ...(madeApiKey ? [`   TASKWIRE_API_KEYS=${madeApiKey}`] : []),
  ];
}

/** Keys appear only where they were made for this run; others are the user's to name. */
function describeNextSteps(url: URL, keyed: KeyedConfig): string[] {
  const taskwire = invocation();
  const at = url.port === "8000" && url.hostname === "127.0.0.1"
    ? ""
    : ` --url ${url.origin}`;
  const apiKey = `TASKWIRE_API_KEYS=${keyed.madeApiKey ?? "<key>"}`;
  const secret = `TASKWIRE_JWT_SECRET=${keyed.madeSecret ?? "<secret>"}`;
  return [
    "",
    "Watch a task move:",
    `   open     ${url.origin}/?id=upload_123456`,
    `   watch    ${taskwire} watch upload_123456${at}`,
    `   publish  ${apiKey} ${taskwire} publish upload_123456 --status running --progress 0.42 --message transcoding${at}`,
    `   check    ${secret} ${taskwire} check${at && ` ${url.origin}`}`,
    "",
    "Ctrl-C stops the server.",
  ];
}
