import { reconnectPolicies } from "../protocol/close_codes.ts";
import { finalErrors } from "../protocol/error_codes.ts";
import {
  type ConnectionState,
  type ErrorFrame,
  TaskwireError,
  type Transport,
} from "./api.ts";
import { Credentials } from "./credentials.ts";
import type { LinkContext, LinkEnd } from "./link_context.ts";
import { notify } from "./notify.ts";
import { createPacer } from "./pacer.ts";
import { Pause } from "./pause.ts";
import { meantClose, retryDelayMs } from "./retry.ts";
import { type Frame, openSession, ownEnd, type Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import { nextTransport } from "./transport_choice.ts";
import { onWake } from "./wake.ts";

/**
 * Keeps a connection open while tasks or lists are being followed, and
 * reconnects after losses. A WebSocket serves many subscriptions, an event stream
 * a single one.
 */
export class Link {
  readonly subscriptions = new Map<Subscription["key"], Subscription>();
  readonly #context: LinkContext;
  readonly #credentials: Credentials;
  readonly #pause = new Pause();
  readonly #outbox = createPacer<Frame>((frame) =>
    this.#session?.send?.(frame)
  );
  #isRunning = false;
  #transport: Transport = "websocket";
  #session: Session | undefined;
  #end: (end: LinkEnd) => void = () => {};
  #renewal: ReturnType<typeof setTimeout> | undefined;
  /** The first subscription, which gives the connection its URL. */
  #own: Subscription | undefined;
  /** True after the server's `connected` frame. */
  #isOpen = false;
  /** The last error of the connection as a whole. */
  #error: ErrorFrame | undefined;
  #failures = 0;

  constructor(context: LinkContext) {
    this.#context = context;
    this.#credentials = new Credentials(context.options.getToken);
  }

  /** The subscription of the event stream; `undefined` over a WebSocket. */
  get #stream(): Subscription | undefined {
    return this.#transport === "sse" ? this.#own : undefined;
  }

  /** Follows a task or list. */
  add(subscription: Subscription): void {
    subscription.link = this;
    subscription.isSynced = false;
    this.subscriptions.set(subscription.key, subscription);
    if (this.#isOpen) this.#outbox.push(subscription.subscribe);
    if (!this.#isRunning) this.#run();
  }

  /** Stops following. Does nothing for a subscription of another link. */
  remove(subscription: Subscription): void {
    const { key, unsubscribe } = subscription;
    if (this.subscriptions.get(key) !== subscription) return;
    this.subscriptions.delete(key);
    if (this.subscriptions.size === 0 || this.#stream === subscription) {
      this.#end({ code: ownEnd });
      this.#pause.skip();
    } else if (this.#isOpen) this.#outbox.push(unsubscribe);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const running = new AbortController();
    onWake((isNetworkNew) => {
      this.#pause.skip();
      if (this.#isOpen) this.#session?.probe(isNetworkNew);
    }, running.signal);
    while (this.subscriptions.size > 0) {
      const end = await this.#connect().catch((error) => {
        this.#tokenFailed(error);
        return { code: 1013 };
      });
      const retryInMs = this.#handleEnd(end);
      if (this.subscriptions.size === 0 || retryInMs === 0) continue;
      this.#tellState("waiting", { retryInMs });
      await this.#pause.wait(retryInMs);
    }
    running.abort();
    this.#isRunning = false;
    this.#tellState("closed");
  }

  /** Connects. Resolves at the end of the connection. */
  async #connect(): Promise<LinkEnd> {
    this.#error = undefined;
    this.#transport = nextTransport(this.#context.transports);
    this.#tellState("connecting");
    const token = await this.#credentials.forConnection();
    const [own] = this.subscriptions.values();
    if (!own) return { code: ownEnd };
    this.#context.transports.attempts++;
    return await new Promise((resolve) => {
      this.#end = (end) => {
        this.#end = () => {};
        clearTimeout(this.#renewal);
        this.#outbox.reset();
        this.#session?.close();
        this.#session = undefined;
        this.#isOpen = false;
        resolve(end);
      };
      this.#open(own, token);
    });
  }

  #open(own: Subscription, token: string | undefined): void {
    this.#own = own;
    for (const each of this.subscriptions.values()) each.isSynced = false;
    // Checked before the browser does, because the browser's error repeats the token.
    if (token && !/^[\w.~+-]+$/.test(token)) {
      const message = "The token is no JWT";
      this.#note({ code: "token_malformed", message });
      return this.#end({ code: 4401 });
    }
    const target = { transport: this.#transport, subscription: own, token };
    try {
      this.#session = openSession(this.#context, target, {
        onFrame: (frame) => this.#take(frame),
        onEnd: (code, reason) => {
          if (reason) this.#note(reason);
          this.#end({ code: meantClose(code, this.#error?.code) });
        },
      });
    } catch (error) {
      // Mixed content, or forbidden by the page's Content-Security-Policy.
      this.#note({ code: "network_error", message: String(error) });
      this.#end({ code: 1006 });
    }
  }

  #take(frame: Frame): void {
    const { type, list, connection_id } = frame;
    const key = list ? Number(list) : connection_id;
    const subscription = this.subscriptions.get(key);
    this.#settle();
    switch (type) {
      case "connected":
      case "auth":
        this.#credentials.setStatus(frame.auth_status);
        notify(this.#context.options.onConnected, frame);
        if (type === "connected") this.#greeted();
        break;
      case "error":
        this.#takeError(frame, subscription);
        break;
      case "token_expiring":
        this.#renew(false);
        break;
      default:
        this.#update(frame, this.#stream ?? subscription);
    }
  }

  #update(frame: Frame, subscription: Subscription | undefined): void {
    if (!subscription) return;
    this.#failures = 0;
    const hasEnded = subscription.take(frame);
    if (hasEnded && !this.#context.options.staysAfterEnd) {
      this.#finish(subscription);
    } else if (frame.type === "sync") this.sendCancel(subscription);
  }

  /** Settles on the transport: any frame, even an error, proves a working transport. */
  #settle(): void {
    const { transports, follow } = this.#context;
    transports.current = this.#transport;
    if (!this.#stream) return;
    for (const each of this.subscriptions.values()) {
      if (each === this.#stream) continue;
      this.remove(each);
      follow(each);
    }
  }

  #greeted(): void {
    this.#isOpen = true;
    this.#tellState("open");
    for (const each of this.subscriptions.values()) {
      this.#outbox.push(each.subscribe);
    }
  }

  #takeError(error: ErrorFrame, subscription: Subscription | undefined): void {
    const { code, message, retry_after_ms } = error;
    this.#note(error);
    if (!subscription) {
      // The server could not verify the new token on the open socket.
      if (code === "verifier_unavailable" && retry_after_ms) {
        this.#renewal = setTimeout(() => this.#renew(true), retry_after_ms);
      }
    } else if (subscription.isSynced && subscription.wantsCancel) {
      subscription.wantsCancel = false;
    } else if (
      code === "forbidden" && this.#credentials.authStatus === "invalid_token"
    ) this.#end({ code: 4401, subscription });
    else if (retry_after_ms) this.#end({ code: 1013, error });
    else {
      const closeCode = finalErrors[code];
      this.#finish(subscription, new TaskwireError(code, message, closeCode));
    }
  }

  /** Sends a new token on an open socket. An event stream is reopened with the new token. */
  async #renew(isAgain: boolean): Promise<void> {
    const session = this.#session;
    const token = await this.#credentials.forRenewal(isAgain)
      .catch(this.#tokenFailed);
    if (!token || session !== this.#session) return;
    if (session?.send) session.send({ type: "auth", token });
    else this.#end({ code: ownEnd });
  }

  /** Handles the end of a connection. Returns the delay before the next, in milliseconds. */
  #handleEnd(
    { code, subscription = this.#stream, error = this.#error }: LinkEnd,
  ): number {
    if (code === ownEnd) return 0;
    const word = error?.code ?? `closed_${code}`;
    if (word === "rate_limited") this.#outbox.slowDown();
    const giveUp = () => {
      const reason = error?.message ?? `Closed by the server (${code})`;
      const all = [...this.subscriptions.values()];
      for (const each of subscription ? [subscription] : all) {
        this.#finish(each, new TaskwireError(word, reason, code));
      }
    };
    const policy = reconnectPolicies[code];
    if (policy === "renew" && this.#credentials.refused(giveUp)) return 0;
    if (policy === "stop") giveUp();
    // A stream ends with 1000 after the last event of the task.
    if (code === 1000 && subscription) this.#finish(subscription);
    return error?.retry_after_ms || retryDelayMs(this.#failures++);
  }

  #finish(subscription: Subscription, error?: TaskwireError): void {
    subscription.end(error);
    this.remove(subscription);
  }

  /**
   * Sends a cancel if wanted, but only after the `sync`: an earlier error concerns
   * the watch, not the cancel.
   */
  sendCancel(task: Subscription): void {
    if (!task.isSynced || !task.wantsCancel) return;
    const connection_id = String(task.key);
    if (this.#stream) {
      task.wantsCancel = false;
      const message = "Not possible over SSE";
      this.#note({ code: "cancel_unavailable", message, connection_id });
    } else this.#outbox.push({ type: "cancel", connection_id });
  }

  #tellState(state: ConnectionState["state"], more?: { retryInMs: number }) {
    const { options } = this.#context;
    notify(options.onState, { state, transport: this.#transport, ...more });
  }

  readonly #tokenFailed = (error: unknown): void => {
    this.#note({ code: "token_failed", message: String(error) });
  };

  #note(error: ErrorFrame): void {
    if (!error.connection_id && !error.list) this.#error = error;
    notify(this.#context.options.onError, error);
  }
}
