import {
  type ConnectionState,
  type ErrorFrame,
  TaskwireError,
  type Transport,
} from "./api.ts";
import { Credentials } from "./credentials.ts";
import type { FollowedTask } from "./followed_task.ts";
import type { LinkContext, LinkEnd } from "./link_context.ts";
import { notify } from "./notify.ts";
import { Pacer } from "./pacer.ts";
import { Pause } from "./pause.ts";
import { meantClose, policyOfClose, retryDelayMs } from "./retry.ts";
import { type Frame, openSession, ownEnd, type Session } from "./session.ts";
import { onWake } from "./wake.ts";

/**
 * Keeps a connection open while tasks are being watched, and reconnects after
 * losses. A WebSocket serves many tasks, an event stream a single task.
 */
export class Link {
  readonly tasks = new Map<string, FollowedTask>();
  readonly #context: LinkContext;
  readonly #credentials: Credentials;
  readonly #pause = new Pause();
  readonly #outbox = new Pacer<Frame>((frame) => this.#session?.send?.(frame));
  /** Tasks with an unanswered cancel. */
  readonly #cancels = new Set<string>();
  #isRunning = false;
  #transport: Transport = "websocket";
  #session: Session | undefined;
  #end: (end: LinkEnd) => void = () => {};
  #renewal: ReturnType<typeof setTimeout> | undefined;
  /** The task in the connection's URL. */
  #own: FollowedTask | undefined;
  /** True after the server's `connected` frame. */
  #isOpen = false;
  /** The last error of the connection as a whole. */
  #error: ErrorFrame | undefined;
  #failures = 0;

  constructor(context: LinkContext) {
    this.#context = context;
    this.#credentials = new Credentials(context.options.getToken);
  }

  /** Adds a task. */
  add(task: FollowedTask): void {
    task.isSynced = false;
    this.tasks.set(task.id, task);
    if (this.#isOpen) this.#send("subscribe", task.id, task.position);
    if (!this.#isRunning) this.#run();
  }

  /** Removes a task. */
  remove(id: string): void {
    this.tasks.delete(id);
    this.#cancels.delete(id);
    const isStreamOf = this.#transport === "sse" && this.#own?.id === id;
    if (this.tasks.size === 0 || isStreamOf) {
      this.#end({ code: ownEnd });
      this.#pause.skip();
    } else if (this.#isOpen) this.#send("unsubscribe", id);
  }

  /** Asks a task's worker to stop. The request is repeated after a lost connection until the server answers. */
  cancel(id: string): void {
    this.#cancels.add(id);
    this.#sendCancel(id);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const stopListening = onWake((isNetworkNew) => {
      this.#pause.skip();
      if (this.#isOpen) this.#session?.probe(isNetworkNew);
    });
    while (this.tasks.size > 0) {
      const end = await this.#connect().catch(this.#tokenFailed);
      const retryInMs = this.#handleEnd(end);
      if (this.tasks.size === 0 || retryInMs === 0) continue;
      this.#tellState("waiting", { retryInMs });
      await this.#pause.wait(retryInMs);
    }
    stopListening();
    this.#isRunning = false;
    this.#tellState("closed");
  }

  /** Connects. Resolves at the end of the connection. */
  async #connect(): Promise<LinkEnd> {
    this.#error = undefined;
    this.#transport = this.#context.transports.next();
    this.#tellState("connecting");
    const token = await this.#credentials.forConnection();
    const [own] = this.tasks.values();
    if (!own) return { code: ownEnd };
    this.#context.transports.tried();
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

  #open(task: FollowedTask, token: string | undefined): void {
    this.#own = task;
    for (const each of this.tasks.values()) each.isSynced = false;
    // Checked before the browser does, because the browser's error repeats the token.
    if (token && !/^[\w.~+-]+$/.test(token)) {
      const message = "The token is no JWT";
      this.#note({ code: "token_malformed", message });
      return this.#end({ code: 4401 });
    }
    const target = { transport: this.#transport, task, token };
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
    const { type, connection_id: id = this.#own?.id } = frame;
    const task = this.tasks.get(id);
    this.#settle();
    switch (type) {
      case "connected":
      case "auth":
        this.#credentials.setStatus(frame.auth_status);
        notify(this.#context.options.onConnected, frame);
        if (type === "connected") this.#greeted();
        break;
      case "error":
        this.#takeError(frame, task);
        break;
      case "token_expiring":
        this.#renew(false).catch(this.#tokenFailed);
        break;
      case "sync":
      case "task":
      case "deleted":
      case "cancel_requested":
        if (type === "sync") this.#failures = 0;
        if (type === "cancel_requested") this.#cancels.delete(id);
        if (
          task?.take({ ...frame, connection_id: id }) &&
          !this.#context.options.staysAfterEnd
        ) this.#finish(task);
        else if (type === "sync") this.#sendCancel(id);
    }
  }

  /** Settles on the transport: any frame, even an error, proves a working transport. */
  #settle(): void {
    const { transports, spread } = this.#context;
    transports.settle(this.#transport);
    if (this.#transport === "sse" && this.tasks.size > 1) {
      spread(this, this.#own?.id ?? "");
    }
  }

  #greeted(): void {
    this.#isOpen = true;
    this.#tellState("open");
    for (const each of this.tasks.values()) {
      if (each !== this.#own) this.#send("subscribe", each.id, each.position);
    }
  }

  #takeError(error: ErrorFrame, task: FollowedTask | undefined): void {
    const { code, message, connection_id: id, retry_after_ms } = error;
    const { authStatus } = this.#credentials;
    this.#note(error);
    if (id === undefined) {
      // The server could not verify the new token on the open socket.
      if (code === "verifier_unavailable" && retry_after_ms) {
        this.#renewal = setTimeout(
          () => this.#renew(true).catch(this.#tokenFailed),
          retry_after_ms,
        );
      }
    } else if (!task || (task.isSynced && this.#cancels.delete(id))) return;
    else if (code === "forbidden" && authStatus === "invalid_token") {
      this.#end({ code: 4401, task, error });
    } else this.#finish(task, new TaskwireError(code, message));
  }

  /** Sends a new token on an open socket. An event stream is reopened with the new token. */
  async #renew(isAgain: boolean): Promise<void> {
    const session = this.#session;
    const token = await this.#credentials.forRenewal(isAgain);
    if (!token || !session || session !== this.#session) return;
    if (session.send) session.send({ type: "auth", token });
    else this.#end({ code: ownEnd });
  }

  /** Handles the end of a connection. Returns the delay before the next, in milliseconds. */
  #handleEnd({ code, task, error = this.#error }: LinkEnd): number {
    if (code === ownEnd) return 0;
    const word = error?.code ?? `closed_${code}`;
    if (word === "rate_limited") this.#outbox.slowDown();
    // `forbidden` and `token_expired` concern a single task, not the client.
    const isOfTask = word === "forbidden" || word === "token_expired";
    const failing = isOfTask ? task ?? this.#own : undefined;
    const giveUp = () => {
      const reason = error?.message ?? `Closed by the server (${code})`;
      for (const each of failing ? [failing] : [...this.tasks.values()]) {
        this.#finish(each, new TaskwireError(word, reason, code));
      }
    };
    const policy = policyOfClose(code);
    if (policy === "renew" && this.#credentials.refused(giveUp)) return 0;
    if (policy === "stop") giveUp();
    // A stream ends with 1000 after the last event of the task.
    const isStream = this.#transport === "sse";
    if (code === 1000 && isStream && this.#own) this.#finish(this.#own);
    return error?.retry_after_ms || retryDelayMs(this.#failures++);
  }

  #finish(task: FollowedTask, error?: TaskwireError): void {
    task.end(error);
    if (this.tasks.get(task.id) === task) this.remove(task.id);
  }

  /** Sends a cancel, but only after the `sync`: an earlier error concerns the watch, not the cancel. */
  #sendCancel(id: string): void {
    const isReady = this.#isOpen && this.tasks.get(id)?.isSynced;
    if (!isReady || !this.#cancels.has(id)) return;
    if (this.#session?.send) this.#send("cancel", id);
    else {
      this.#cancels.delete(id);
      const message = "Not possible over Server-Sent Events";
      this.#note({ code: "cancel_unavailable", message, connection_id: id });
    }
  }

  #send(type: string, id: string, position?: FollowedTask["position"]): void {
    this.#outbox.push({ type, connection_id: id, ...position });
  }

  #tellState(state: ConnectionState["state"], more?: { retryInMs: number }) {
    const { options } = this.#context;
    notify(options.onState, { state, transport: this.#transport, ...more });
  }

  readonly #tokenFailed = (error: unknown): LinkEnd => {
    this.#note({ code: "token_failed", message: String(error) });
    return { code: 1013 };
  };

  #note(error: ErrorFrame): void {
    if (!error.connection_id) this.#error = error;
    notify(this.#context.options.onError, error);
  }
}
