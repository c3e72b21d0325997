import { mayWatch } from "../auth/access.ts";
import type { Identity } from "../auth/identity.ts";
import {
  type ClientFrame,
  parseClientFrame,
} from "../protocol/client_frames.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import {
  encodeCancelRequested,
  encodeError,
  encodePong,
  encodeUnsubscribed,
  type ErrorFrame,
} from "../protocol/server_frames.ts";
import type { Services } from "../services.ts";
import type { StreamPosition } from "../tasks/event.ts";
import { TaskWatcher } from "../tasks/task_watcher.ts";
import { answerBadFrames } from "./bad_frames.ts";
import type { Connection } from "./connection.ts";
import type { Message } from "./inbox.ts";

/** The most tasks that one socket watches. */
const maxSubscriptions = 100;

type FrameOf<Type extends ClientFrame["type"]> = Extract<
  ClientFrame,
  { type: Type }
>;

/** What an authenticated, or guest, connection does on `/ws/realtime`: the tasks that it watches, and its requests. */
export class RealtimeSession {
  readonly #connection: Connection;
  readonly #identity: Identity;
  readonly #services: Services;
  readonly #watchers = new Map<string, TaskWatcher>();
  readonly #answerBadFrame: (fault: string) => void;

  constructor(
    connection: Connection,
    identity: Identity,
    services: Services,
  ) {
    this.#connection = connection;
    this.#identity = identity;
    this.#services = services;
    this.#answerBadFrame = answerBadFrames(connection);
    connection.onEnd(() => {
      for (const watcher of this.#watchers.values()) watcher.stop();
    });
  }

  /**
   * Watches the task of the socket's own URL; one that this user may not watch
   * ends the connection with 4403.
   */
  async watchOwnTask(since: StreamPosition | undefined): Promise<void> {
    const { connectionId } = this.#connection.handshake;
    await this.#watch(connectionId, since, {
      onForbidden: () =>
        this.#connection.close(closeCodes.forbidden, forbidden()),
    });
  }

  /** Answers one message of the client (spec §1, 'From the client'). */
  async handle(message: Message): Promise<void> {
    const frame = parseClientFrame(message);
    if (typeof frame === "string") this.#answerBadFrame(frame);
    else {
      switch (frame.type) {
        case "ping":
          this.#connection.send(encodePong(frame.id));
          break;
        case "subscribe":
          await this.#subscribe(frame);
          break;
        case "unsubscribe":
          this.#unsubscribe(frame.connection_id);
          break;
        case "cancel":
          await this.#cancel(frame.connection_id);
          break;
      }
    }
    await this.#connection.writable();
  }

  async #subscribe(
    { connection_id: connectionId, epoch, offset }: FrameOf<"subscribe">,
  ): Promise<void> {
    const isNew = !this.#watchers.has(connectionId);
    if (isNew && this.#watchers.size >= maxSubscriptions) {
      this.#sendError({
        code: "too_many_subscriptions",
        message:
          `One socket watches ${maxSubscriptions} tasks at most: unsubscribe from some, or open another`,
        connectionId,
      });
      return;
    }
    const since = epoch === undefined || offset === undefined
      ? undefined
      : { epoch, offset };
    await this.#watch(connectionId, since, {
      namesTask: true,
      onForbidden: () => {
        this.#watchers.delete(connectionId);
        this.#sendError({ ...forbidden(), connectionId });
      },
    });
  }

  async #watch(
    connectionId: string,
    since: StreamPosition | undefined,
    options: { namesTask?: boolean; onForbidden: () => void },
  ): Promise<void> {
    const { hub, store, counters } = this.#services;
    this.#watchers.get(connectionId)?.stop();
    const watcher = new TaskWatcher({
      connectionId,
      store,
      hub,
      outlet: this.#connection,
      mayWatch: (owner) => mayWatch(this.#identity, connectionId, owner),
      onMerged: (skipped) => counters.mergedEvents += skipped,
      ...options,
    });
    this.#watchers.set(connectionId, watcher);
    await watcher.start(since);
  }

  #unsubscribe(connectionId: string): void {
    this.#watchers.get(connectionId)?.stop();
    this.#watchers.delete(connectionId);
    this.#connection.send(encodeUnsubscribed(connectionId));
  }

  /** Only a private task has a user who may end it from a page. */
  async #cancel(connectionId: string): Promise<void> {
    const { store } = this.#services;
    const { state } = await store.read(connectionId);
    const owner = state?.owner;
    if (owner === undefined || !mayWatch(this.#identity, connectionId, owner)) {
      this.#sendError({
        code: "forbidden",
        message:
          "Only the user of a private task may cancel it from here; a backend may by POST /api/tasks/{connection_id}/cancel",
        connectionId,
      });
      return;
    }
    const outcome = await store.publish(connectionId, { kind: "cancel" });
    if (outcome.kind === "refused") {
      const { code, detail } = outcome.refusal;
      this.#sendError({ code, message: detail, connectionId });
    } else if (
      outcome.kind === "noted" &&
      !(outcome.isNew && this.#watchers.has(connectionId))
    ) {
      // All others have been told; this client may not be among them.
      this.#connection.send(encodeCancelRequested(connectionId));
    }
  }

  #sendError(error: ErrorFrame): void {
    this.#connection.send(encodeError(error));
  }
}

function forbidden(): ErrorFrame {
  return {
    code: "forbidden",
    message:
      "This user may not watch this task: connect with a token of the task's user, or one whose 'tasks' claim names it",
  };
}
