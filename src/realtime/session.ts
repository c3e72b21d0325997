import { hasSameRights, mayCancel, mayList, mayWatch } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { expired, type Identity, isExpired } from "../auth/identity.ts";
import {
  type ClientFrame,
  listNameOf,
  parseClientFrame,
} from "../protocol/client_frames.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import {
  encodeAuth,
  encodeCancelRequested,
  encodeError,
  encodeListUnsubscribed,
  encodePong,
  encodeTokenExpiring,
  encodeUnsubscribed,
  type ErrorFrame,
} from "../protocol/server_frames.ts";
import type { Config } from "../config/config.ts";
import type { Verifier } from "../auth/verifier.ts";
import type { BadTokens } from "../admission/bad_tokens.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { OtherNodes } from "../cluster/other_nodes.ts";
import { StoreUnavailableError, type TaskAudience } from "../tasks/store.ts";
import type { StreamPosition } from "../tasks/event.ts";
import { answerBadFrames } from "../connections/bad_frames.ts";
import type { Connection } from "../connections/connection.ts";
import {
  closeOverUserLimit,
  countToken,
  slowGuessing,
} from "../admission/identity_limits.ts";
import type { Message } from "../connections/inbox.ts";
import {
  closeUnauthenticated,
  closeUnchecked,
} from "../admission/required_auth.ts";
import { jitteredRetryMs } from "../connections/retry.ts";
import type { Audience } from "../watch/task_watcher_options.ts";
import { type ListRequest, Lists } from "./lists.ts";
import {
  forbidden,
  forbiddenList,
  storeUnavailable,
  withRetry,
} from "./session_errors.ts";
import { Subscriptions, type SubscriptionsContext } from "./subscriptions.ts";
import { TokenClock, type TokenClockEvents } from "./token_clock.ts";

/** The parts of the server used by a session. */
export interface SessionContext extends SubscriptionsContext {
  readonly config: Config;
  readonly verifier: Verifier;
  readonly badTokens: BadTokens;
  readonly registry: ConnectionRegistry;
  readonly otherNodes: OtherNodes;
}

/** The maximum number of watched tasks per socket. */
const maxSubscriptions = 100;

type FrameOf<Type extends ClientFrame["type"]> = Extract<
  ClientFrame,
  { type: Type }
>;

/**
 * The session of a client on `/ws/realtime`, authenticated or guest: its
 * requests and watched tasks.
 */
export class RealtimeSession implements Audience, TokenClockEvents {
  readonly #connection: Connection;
  #identity: Identity;
  /** True if the client was a user, and its last token was rejected. */
  #hasLostToken = false;
  readonly #services: SessionContext;
  readonly #subscriptions: Subscriptions;
  /** Most clients never open a list. */
  #lists: Lists | undefined;
  /** The list of the stream's URL. */
  #ownList: ListRequest | undefined;
  #answerBadFrame: ((fault: string, list?: string) => void) | undefined;
  readonly #tokenClock: TokenClock;

  constructor(
    connection: Connection,
    identity: Identity,
    services: SessionContext,
  ) {
    this.#connection = connection;
    this.#identity = identity;
    this.#services = services;
    this.#subscriptions = new Subscriptions(connection, services, this);
    this.#tokenClock = new TokenClock(
      this,
      services.config.jwtLeewaySeconds * 1_000,
    );
    this.#watchTokenOf(identity);
    connection.onEnd(() => this.#tokenClock.stop());
  }

  /**
   * Watches the task of the socket's URL. If the user may not watch the task,
   * the connection is closed with 4403.
   */
  async watchOwnTask(since: StreamPosition | undefined): Promise<void> {
    const { taskId } = this.#connection.handshake;
    await this.#subscriptions.watch(taskId, { since });
  }

  /**
   * Sends the list of the stream's URL, and the changes. If the user may not have
   * the list, now or after the token's expiry, the connection is closed with 4401
   * or 4403.
   */
  async openOwnList(request: ListRequest): Promise<void> {
    this.#ownList = request;
    if (!this.#refuseOwnList()) await this.openList(request);
  }

  /** Sends a list and the changes (spec §1, 'Lists'). */
  async openList(request: ListRequest): Promise<void> {
    this.#lists ??= new Lists(this.#connection, this.#services, this);
    await this.#lists.open(request);
  }

  /** Answers a message from the client (spec §1, 'From the client'). */
  async handle(message: Message): Promise<void> {
    const frame = parseClientFrame(message);
    if (typeof frame === "string") {
      this.#answerBadFrame ??= answerBadFrames(this.#connection);
      this.#answerBadFrame(frame, listNameOf(message));
    } else {
      switch (frame.type) {
        case "ping":
          this.#connection.send(encodePong(frame.id));
          break;
        case "auth":
          await this.#authenticate(frame.token);
          break;
        case "subscribe":
          await this.#subscribe(frame);
          break;
        case "unsubscribe":
          this.#unsubscribe(frame.connection_id);
          break;
        case "cancel":
          await this.#cancelInTime(frame.connection_id);
          break;
        case "subscribe_list":
          await this.openList(frame);
          break;
        case "unsubscribe_list":
          this.#lists?.end(frame.list);
          this.#connection.send(encodeListUnsubscribed(frame.list));
          break;
      }
    }
    await this.#connection.writable();
  }

  /** The previous token stays in force if the new one can't be checked. */
  async #authenticate(token: string): Promise<void> {
    const { config, verifier } = this.#services;
    const identity = await authenticate(token, verifier, config.guestUserId);
    countToken(this.#services.counters, identity);
    if (identity.status === "invalid_token") {
      await slowGuessing(this.#connection, this.#services);
    }
    if (this.#connection.isClosed) return;
    if (identity.status !== "auth_error") {
      return await this.#become(identity);
    }
    const { userId, status } = this.#identity;
    this.#connection.send(encodeAuth(userId, status));
    this.#sendError({
      ...identity.rejection,
      retryAfterMs: jitteredRetryMs(),
    });
  }

  /**
   * Changes the client's identity and informs the client. Waits only to count
   * the connections of a user, and to read lists.
   */
  async #become(identity: Identity): Promise<void> {
    const before = this.#identity;
    this.#hasLostToken = before.status === "authenticated" &&
      identity.status !== "authenticated";
    this.#identity = identity;
    this.#connection.authStatus = identity.status;
    this.#connection.userId = identity.userId;
    this.#connection.send(encodeAuth(identity.userId, identity.status));
    if ("rejection" in identity) this.#sendError(identity.rejection);
    this.#watchTokenOf(identity);
    const { config } = this.#services;
    if (closeUnauthenticated(this.#connection, identity, config)) return;
    if (this.#refuseOwnList()) return;
    // Before any waiting: streams of other users' tasks must stop at once.
    this.#subscriptions.recheckAccess();
    const hasNewRights = !hasSameRights(before, identity);
    if (hasNewRights) this.#lists?.recheckAccess();
    const isClosed = closeOverUserLimit(
      this.#connection,
      identity,
      this.#services,
    );
    if (isClosed !== false) await isClosed;
    if (hasNewRights) await this.#lists?.reopen();
  }

  /** The present identity of the client. */
  get identity(): Identity {
    return this.#identity;
  }

  mayWatch(taskId: string, task: TaskAudience): boolean {
    return mayWatch(this.#identity, taskId, task);
  }

  /** A forbidden task of a `subscribe` leaves the socket open. */
  onForbidden(taskId: string, namesTask: boolean): void {
    if (namesTask) {
      this.#sendError(withRetry({ ...forbidden(), taskId }, this.#identity));
    } else this.#refuseOwnTask();
  }

  onExpiring(seconds: number): void {
    this.#connection.send(encodeTokenExpiring(seconds));
  }

  /** Called by a timer: an exception would end the process. */
  onExpired(): void {
    this.#become(expired(this.#services.config.guestUserId))
      .catch((error) => this.#connection.fail(error));
  }

  #watchTokenOf(identity: Identity): void {
    this.#tokenClock.watch(
      identity.status === "authenticated"
        ? identity.grant.expiresAtMs
        : undefined,
    );
  }

  /** Clients with an expired or uncheckable token may come back. */
  #refuseOwnTask(): void {
    if (this.#identity.status === "auth_error") {
      closeUnchecked(this.#connection);
    } else if (this.#hasLostToken || isExpired(this.#identity)) {
      this.#connection.close(closeCodes.unauthorized, {
        code: "token_expired",
        message:
          "The task is private and the token of its user has expired: connect again with a new token",
      });
    } else this.#connection.close(closeCodes.forbidden, forbidden());
  }

  /** @returns True if the client may not have the list, and was refused. */
  #refuseOwnList(): boolean {
    const request = this.#ownList;
    if (!request || mayList(this.#identity, request.labels ?? [])) return false;
    if (this.#identity.status === "auth_error") {
      closeUnchecked(this.#connection);
    } else if (this.#identity.status === "authenticated") {
      this.#connection.close(closeCodes.forbidden, forbiddenList(request));
    } else if (this.#hasLostToken) {
      this.#connection.close(closeCodes.unauthorized, {
        code: "token_expired",
        message:
          "The list needs a token, and the token has expired: connect again with a new token",
      });
    } else {
      this.#connection.close(closeCodes.unauthorized, {
        code: "authentication_required",
        message:
          "A list needs a valid token: connect again with a token, as ?token= or in an Authorization header",
      });
    }
    return true;
  }

  async #subscribe(
    { connection_id: taskId, epoch, offset }: FrameOf<"subscribe">,
  ): Promise<void> {
    const isNew = !this.#subscriptions.has(taskId);
    if (isNew && this.#subscriptions.size >= maxSubscriptions) {
      this.#sendError({
        code: "too_many_subscriptions",
        message:
          `A socket can watch at most ${maxSubscriptions} tasks: unsubscribe from some tasks, or open another socket`,
        taskId,
      });
      return;
    }
    const since = epoch === undefined || offset === undefined
      ? undefined
      : { epoch, offset };
    await this.#subscriptions.watch(taskId, { since, namesTask: true });
  }

  #unsubscribe(taskId: string): void {
    this.#subscriptions.end(taskId);
    this.#connection.send(encodeUnsubscribed(taskId));
  }

  /** A store that is down or read-only is no reason to close the connection. */
  async #cancelInTime(taskId: string): Promise<void> {
    try {
      await this.#cancel(taskId);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#sendError(storeUnavailable(taskId));
    }
  }

  /** Only private tasks have a user who may cancel them from a page. */
  async #cancel(taskId: string): Promise<void> {
    const { store } = this.#services;
    const { state } = await store.read(taskId);
    const task = { owner: state?.owner, labels: state?.snapshot.labels };
    if (!mayCancel(this.#identity, taskId, task)) {
      this.#sendError({
        code: "forbidden",
        message:
          "Only the user of a private task may cancel the task over this socket. A backend can use POST /api/tasks/{connection_id}/cancel",
        taskId,
      });
      return;
    }
    const outcome = await store.publish(taskId, { kind: "cancel" });
    if (outcome.kind === "refused") {
      const { code, detail: message } = outcome.refusal;
      // No other code refuses a cancel.
      const reason = code === "task_finished" ? code : "task_unknown";
      this.#sendError({ code: reason, message, taskId });
    } else if (
      outcome.kind === "noted" &&
      !(outcome.isNew && this.#subscriptions.has(taskId))
    ) {
      // The watchers were informed by the store; this client may not be
      // watching.
      this.#connection.send(encodeCancelRequested(taskId));
    }
  }

  #sendError(error: ErrorFrame): void {
    this.#connection.send(encodeError(error));
  }
}
