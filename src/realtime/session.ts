import { mayWatch } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { expired, type Identity, isExpired } from "../auth/identity.ts";
import {
  type ClientFrame,
  parseClientFrame,
} from "../protocol/client_frames.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import {
  encodeAuth,
  encodeCancelRequested,
  encodeError,
  encodePong,
  encodeTokenExpiring,
  encodeUnsubscribed,
  type ErrorFrame,
} from "../protocol/server_frames.ts";
import type { Config } from "../config/config.ts";
import type { Verifier } from "../auth/verifier.ts";
import type { BadTokens } from "../admission/bad_tokens.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { Peers } from "../cluster/peers.ts";
import { StoreUnavailableError } from "../tasks/store.ts";
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
import { forbidden, storeUnavailable } from "./session_errors.ts";
import { Subscriptions, type SubscriptionsContext } from "./subscriptions.ts";
import { TokenClock } from "./token_clock.ts";

/** The parts of the server that a session uses. */
export interface SessionContext extends SubscriptionsContext {
  readonly config: Config;
  readonly verifier: Verifier;
  readonly badTokens: BadTokens;
  readonly registry: ConnectionRegistry;
  readonly peers: Peers;
}

/** The most tasks that one socket watches. */
const maxSubscriptions = 100;

type FrameOf<Type extends ClientFrame["type"]> = Extract<
  ClientFrame,
  { type: Type }
>;

/** What an authenticated, or guest, connection does on `/ws/realtime`: the tasks that it watches, and its requests. */
export class RealtimeSession {
  readonly #connection: Connection;
  #identity: Identity;
  /** Whether the client was a user before, and its last token was not accepted. */
  #hasLostToken = false;
  readonly #services: SessionContext;
  readonly #subscriptions: Subscriptions;
  readonly #answerBadFrame: (fault: string) => void;
  readonly #tokenClock: TokenClock;

  constructor(
    connection: Connection,
    identity: Identity,
    services: SessionContext,
  ) {
    this.#connection = connection;
    this.#identity = identity;
    this.#services = services;
    this.#answerBadFrame = answerBadFrames(connection);
    this.#subscriptions = new Subscriptions(
      connection,
      services,
      (id, owner) => mayWatch(this.#identity, id, owner),
    );
    this.#tokenClock = new TokenClock({
      onExpiring: (seconds) => connection.send(encodeTokenExpiring(seconds)),
      onExpired: () => this.#expire(),
    }, services.config.jwtLeewaySeconds * 1_000);
    this.#watchTokenOf(identity);
    connection.onEnd(() => this.#tokenClock.stop());
  }

  /**
   * Watches the task of the socket's own URL; one that this user may not watch
   * ends the connection with 4403.
   */
  async watchOwnTask(since: StreamPosition | undefined): Promise<void> {
    const { taskId } = this.#connection.handshake;
    await this.#subscriptions.watch(taskId, {
      since,
      onForbidden: () => this.#refuseOwnTask(),
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
      }
    }
    await this.#connection.writable();
  }

  /** A token that can't be checked now changes nothing: the one before goes on until its end. */
  async #authenticate(token: string): Promise<void> {
    const { config, verifier } = this.#services;
    const identity = await authenticate(token, verifier, config.guestUserId);
    countToken(this.#services.counters, identity);
    await slowGuessing(this.#connection, identity, this.#services);
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

  /** Takes the client for somebody else from now on, and says so; waits only to count a user's connections. */
  async #become(identity: Identity): Promise<void> {
    this.#hasLostToken = this.#identity.status === "authenticated" &&
      identity.status !== "authenticated";
    this.#identity = identity;
    this.#connection.authStatus = identity.status;
    this.#connection.userId = identity.userId;
    this.#connection.send(encodeAuth(identity.userId, identity.status));
    if ("rejection" in identity) this.#sendError(identity.rejection);
    this.#watchTokenOf(identity);
    const { config } = this.#services;
    if (closeUnauthenticated(this.#connection, identity, config)) return;
    // Before anything is waited for: what is another's must not go on.
    this.#subscriptions.rejudge();
    const isOver = closeOverUserLimit(
      this.#connection,
      identity,
      this.#services,
    );
    if (isOver !== false) await isOver;
  }

  /** Called by a timer, where an exception would end the process. */
  #expire(): void {
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

  /** Whose token has ended, or can't be checked now, may come back; nobody else may. */
  #refuseOwnTask(): void {
    if (this.#identity.status === "auth_error") {
      closeUnchecked(this.#connection);
    } else if (this.#hasLostToken || isExpired(this.#identity)) {
      this.#connection.close(closeCodes.unauthorized, {
        code: "token_expired",
        message:
          "The task is private, and its user's token is no longer valid: connect again with a new one",
      });
    } else this.#connection.close(closeCodes.forbidden, forbidden());
  }

  async #subscribe(
    { connection_id: taskId, epoch, offset }: FrameOf<"subscribe">,
  ): Promise<void> {
    const isNew = !this.#subscriptions.has(taskId);
    if (isNew && this.#subscriptions.size >= maxSubscriptions) {
      this.#sendError({
        code: "too_many_subscriptions",
        message:
          `One socket watches ${maxSubscriptions} tasks at most: unsubscribe from some, or open another`,
        taskId,
      });
      return;
    }
    const since = epoch === undefined || offset === undefined
      ? undefined
      : { epoch, offset };
    await this.#subscriptions.watch(taskId, {
      since,
      namesTask: true,
      onForbidden: () => this.#sendError({ ...forbidden(), taskId }),
    });
  }

  #unsubscribe(taskId: string): void {
    this.#subscriptions.end(taskId);
    this.#connection.send(encodeUnsubscribed(taskId));
  }

  /** A store that is away, or takes no writes, is no reason to end the connection. */
  async #cancelInTime(taskId: string): Promise<void> {
    try {
      await this.#cancel(taskId);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#sendError(storeUnavailable(taskId));
    }
  }

  /** Only a private task has a user who may end it from a page. */
  async #cancel(taskId: string): Promise<void> {
    const { store } = this.#services;
    const { state } = await store.read(taskId);
    const owner = state?.owner;
    if (owner === undefined || !mayWatch(this.#identity, taskId, owner)) {
      this.#sendError({
        code: "forbidden",
        message:
          "Only the user of a private task may cancel it from here; a backend may by POST /api/tasks/{connection_id}/cancel",
        taskId,
      });
      return;
    }
    const outcome = await store.publish(taskId, { kind: "cancel" });
    if (outcome.kind === "refused") {
      const { code, detail: message } = outcome.refusal;
      // A cancel is refused for no third reason.
      const reason = code === "task_finished" ? code : "task_unknown";
      this.#sendError({ code: reason, message, taskId });
    } else if (
      outcome.kind === "noted" &&
      !(outcome.isNew && this.#subscriptions.has(taskId))
    ) {
      // All others have been told; this client may not be among them.
      this.#connection.send(encodeCancelRequested(taskId));
    }
  }

  #sendError(error: ErrorFrame): void {
    this.#connection.send(encodeError(error));
  }
}
