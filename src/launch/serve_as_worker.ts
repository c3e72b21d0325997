import { createApp } from "../app.ts";
import { answerQuestion } from "../connections/answer_question.ts";
import { watchEventLoop } from "../process/event_loop_watch.ts";
import { configureLog, log } from "../log/log.ts";
import { watchMemory } from "../process/memory_watch.ts";
import { webSocketRoutes } from "../routes.ts";
import type { WorkerStart } from "../workers/messages.ts";
import { WorkerLink } from "../workers/worker_link.ts";
import { CommandFailure } from "../terminal/failure.ts";
import { describeRoutes } from "./describe_routes.ts";
import { listen } from "./listen.ts";
import { tooManyUnopened } from "./open_files.ts";
import { openServices } from "./open_services.ts";
import { hastyDrainMs, nextStopSignal, stopFor } from "./stop.ts";
import { isEmbedded } from "./supervise.ts";

/**
 * Serves as a process of `serve --workers`. The standard streams are the link
 * to the supervisor, which sends the configuration.
 *
 * @returns The exit code.
 * @throws {CommandFailure} Without a supervisor.
 */
export async function serveAsWorker(): Promise<number> {
  const stopSignal = nextStopSignal();
  const link = new WorkerLink({
    readable: Deno.stdin.readable,
    writable: Deno.stdout.writable,
  });
  const start = await link.started.catch(() => {
    throw new CommandFailure(
      "'worker' is an internal command: use 'taskwire serve --workers' instead",
    );
  });
  try {
    return await serve(link, start, stopSignal);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    link.sendFailure(error.message);
    await link.flush();
    return 1;
  }
}

async function serve(
  link: WorkerLink,
  { config, publicKey, worker }: WorkerStart,
  stopSignal: Promise<Deno.Signal>,
): Promise<number> {
  configureLog(config.log, Deno.stderr.isTerminal(), worker);
  // Only the supervisor writes the store's file and starts processes.
  Deno.permissions.revokeSync({ name: "run" });
  Deno.permissions.revokeSync({ name: "write" });
  const services = await openServices(config, publicKey, {
    worker,
    otherWorkers: link.otherWorkers,
    ...(isEmbedded(config)
      ? {
        shared: {
          openStore: (announce) => link.openStore(announce),
          otherNodes: link.otherWorkers,
        },
      }
      : {}),
  });
  const { counters, jwtAlgorithms, registry } = services;
  link.answerQuestions((question) => answerQuestion(question, services));
  const app = createApp(services);
  const server = listen(app, services, { reusePort: true });
  using memory = watchMemory(config.maxMemoryBytes);
  using _loop = watchEventLoop((seconds) =>
    counters.durations.eventLoopDelay.observe(seconds)
  );
  link.sendReady({
    ...server.address,
    jwtAlgorithms,
    routes: describeRoutes(app, webSocketRoutes).lines,
  });
  const stopped = link.stopped.then(async ({ timeoutMs }) => {
    await server.stop(timeoutMs);
    return 0;
  });
  const replaced = {
    stop: (timeoutMs?: number) => server.stop(timeoutMs, { isReplaced: true }),
  };
  const signaled = Promise.race([
    stopSignal,
    memory.exceeded,
    tooManyUnopened(registry),
  ])
    .then((reason) => stopFor(reason, replaced, config));
  const orphaned = link.gone.then(async () => {
    log.error("Lost the supervisor and its store: this worker stops");
    // A running drain ends here too: without the store, no event can follow.
    if (!registry.isDraining) await server.stop(hastyDrainMs);
    return 1;
  });
  return await Promise.race([stopped, signaled, orphaned]);
}
