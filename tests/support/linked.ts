import type { LinkStreams } from "../../src/workers/link.ts";
import { SharedPeers } from "../../src/workers/shared_peers.ts";
import { SharedStore } from "../../src/workers/shared_store.ts";
import { WorkerLink } from "../../src/workers/worker_link.ts";
import { SupervisorLink } from "../../src/workers/supervisor_link.ts";

/** The two ends of a pair of pipes inside one process. */
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

/** A supervisor's and a worker's end; dispose of it to end the link. */
export interface LinkedWorker extends AsyncDisposable {
  /** What the supervisor has. */
  readonly link: SupervisorLink;
  /** What the worker has. */
  readonly supervisor: WorkerLink;
  /** What the worker said that it could not begin by. */
  readonly failures: readonly string[];
}

/** What workers under test share. */
export function createShared() {
  return { store: new SharedStore(), peers: new SharedPeers() };
}

/** Links a worker of this process to what it is to share. */
export function linkWorker(shared = createShared()): LinkedWorker {
  const [ours, theirs] = pipes();
  const failures: string[] = [];
  const link = new SupervisorLink(ours, shared, {
    onReady: () => {},
    onFailed: (reason) => failures.push(reason),
    onStalled: () => {},
  });
  const supervisor = new WorkerLink(theirs);
  supervisor.started.catch(() => {}); // not every test starts it
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
