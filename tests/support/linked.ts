import type { LinkStreams } from "../../src/workers/link.ts";
import { SharedWorkers } from "../../src/workers/shared_workers.ts";
import { SharedStore } from "../../src/workers/shared_store.ts";
import { WorkerLink } from "../../src/workers/worker_link.ts";
import { SupervisorLink } from "../../src/workers/supervisor_link.ts";

/** Makes the two ends of a pair of pipes inside a process. */
export function pipes(): readonly [LinkStreams, LinkStreams] {
  const there = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const back = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}

/** The ends of a link between supervisor and worker. Disposing ends the link. */
export interface LinkedWorker extends AsyncDisposable {
  /** The supervisor's end. */
  readonly link: SupervisorLink;
  /** The worker's end. */
  readonly supervisor: WorkerLink;
  /** The worker's reasons for a failed start. */
  readonly failures: readonly string[];
}

/** Creates the objects shared by workers under test. */
export function createShared() {
  return { store: new SharedStore(), workers: new SharedWorkers() };
}

/** Links a worker in the test process to shared objects. */
export function linkWorker(shared = createShared()): LinkedWorker {
  const [ours, theirs] = pipes();
  const failures: string[] = [];
  const link = new SupervisorLink(ours, shared, {
    onReady: () => {},
    onFailed: (reason) => failures.push(reason),
    onStalled: () => {},
  });
  const supervisor = new WorkerLink(theirs);
  supervisor.started.catch(() => {}); // not every test starts the worker
  return {
    link,
    supervisor,
    failures,
    async [Symbol.asyncDispose]() {
      await supervisor.close();
      await link.ended;
    },
  };
}
