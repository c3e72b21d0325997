import type { Job, Outcome } from "./job.ts";
import { makeToken } from "./token.ts";
import { Watchers } from "./watchers.ts";
import { startWindow } from "./window.ts";

/** Clients that come back together do not wait for each other. */
const atOnce = 256;

/**
 * Connects watchers that all return at once to a server just started, each with
 * a token and a task of its own. Returns the server's processor time per
 * watcher, from the handshake to `sync`, in microseconds.
 */
export async function storm(job: Job): Promise<Outcome> {
  const ids = Array.from({ length: job.sockets }, (_, n) => `storm-${n}`);
  const tokens = ids.map((_, n) => makeToken(n + 1, job.secret));
  const watchers = new Watchers();
  const end = startWindow(job.pid);
  await watchers.open(job, ids, tokens, atOnce);
  const { seconds, serverCpu, loadCpu } = end();
  return {
    values: {
      us: serverCpu * seconds * 1e6 / ids.length,
      rate: ids.length / seconds,
    },
    faults: watchers.faults,
    serverCpu,
    loadCpu,
  };
}
