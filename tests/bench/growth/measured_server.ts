import { allowOpenFiles } from "../../support/open_files.ts";
import { serve } from "../../support/taskwire.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { cpuMicroseconds, pin } from "./pinned.ts";

/** The core of the servers; the load uses a different core. */
export const serverCore = 0;
export const loadCore = 1;

/** The compared stores. */
export const storeKinds = ["memory", "sqlite"] as const;

export type StoreKind = typeof storeKinds[number];

/** Descriptors needed by a server in addition to the sockets. */
const ownFiles = 200;

/** A server in a separate process, on a separate core. */
export interface MeasuredServer extends AsyncDisposable {
  readonly origin: string;
  /** The processor time so far, in microseconds. */
  cpuMicroseconds(): number;
}

/** The authorization of all requests. */
export const headers = { Authorization: "Bearer key-of-the-benchmark" };

/**
 * Starts a server with an empty store.
 *
 * @param historyLimit The number of events kept per task.
 * @param sockets The number of sockets the server must be able to hold.
 */
export async function startMeasured(
  kind: StoreKind,
  historyLimit: number,
  sockets: number,
): Promise<MeasuredServer> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempDir());
  const { server, origin } = stack.use(
    await serve([], {
      cwd: folder.path,
      env: {
        TASKWIRE_API_KEYS: "key-of-the-benchmark",
        TASKWIRE_STORE: kind === "memory" ? "memory:" : "sqlite:growth.db",
        TASKWIRE_SQLITE_SYNC: "NORMAL",
        TASKWIRE_HISTORY_LIMIT: String(historyLimit),
        // Pings are a cost of sockets over time, not of a publish.
        TASKWIRE_IDLE_TIMEOUT: "0",
        TASKWIRE_DRAIN_TIMEOUT: "1",
        TASKWIRE_LOG: "error",
      },
    }),
  );
  await allowOpenFiles(server.pid, sockets + ownFiles);
  await pin(server.pid, serverCore);
  const kept = stack.move();
  return {
    origin,
    cpuMicroseconds: () => cpuMicroseconds(server.pid),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
