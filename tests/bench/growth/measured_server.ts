import { allowOpenFiles } from "../../support/open_files.ts";
import { serve } from "../../support/taskwire.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { cpuMicroseconds, pin } from "./pinned.ts";

/** Where servers run; this process and its helpers have another core. */
export const serverCore = 0;
export const loadCore = 1;

/** The stores that are compared. */
export const storeKinds = ["memory", "sqlite"] as const;

export type StoreKind = typeof storeKinds[number];

/** Descriptors that a server needs besides its sockets. */
const ownFiles = 200;

/** A server in a process of its own, on a core of its own. */
export interface MeasuredServer extends AsyncDisposable {
  readonly origin: string;
  /** The time that it has had on a core so far, in microseconds. */
  cpuMicroseconds(): number;
}

/** What every request is authorized with. */
export const headers = { Authorization: "Bearer key-of-the-benchmark" };

/**
 * Starts a server on an empty store.
 *
 * @param historyLimit Events kept of each task.
 * @param sockets How many it must be able to hold.
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
        // Pings are a cost of sockets in time, and not of a publish.
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
