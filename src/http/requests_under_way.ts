import type { Config } from "../config/config.ts";
import { addressBlock } from "../connections/ip_address.ts";
import { remoteAddress } from "../connections/remote_address.ts";
import { KeyedCounter } from "../collections/keyed_counter.ts";
import { type Problem, problemResponse } from "../protocol/problem.ts";
import { requestFault } from "./request_fault.ts";

/** Limits of a counter. */
interface Limits {
  readonly inAll: number;
  /** Per IPv4 address or IPv6 /64. */
  readonly ofAddress: number;
}

/** Limits of requests handled at the same time. */
export const handledLimits: Limits = { inAll: 10_000, ofAddress: 2_000 };

/**
 * Limits of answers not yet read by clients. The runtime holds about 50 KB per
 * answer, and reports an answer of one piece as sent at once: only a stream can
 * be counted.
 */
export const unsentLimits: Limits = { inAll: 1_000, ofAddress: 200 };

/** Used in seconds if the idle timeout is off. */
const defaultStalledSeconds = 30;

/** Probes are never refused: an orchestrator would restart a busy server. */
const probePattern = /^https?:\/\/[^/]*\/(?:healthz|readyz)$/;

const stopping: Problem = {
  status: 503,
  code: "draining",
  detail: "The server is shutting down: try again later",
};

const tooBusy: Problem = {
  status: 503,
  code: "too_busy",
  detail: "The server is handling too many requests at once: try again later",
};

const tooManyRequests: Problem = {
  status: 429,
  code: "too_many_requests",
  detail:
    "This address has too many requests under way: read the answers and send fewer requests at once (behind a proxy, set TASKWIRE_TRUST_PROXY)",
};

/**
 * Limits the HTTP requests with unfinished answers, in all and per address, so
 * that one client cannot take all places.
 */
export class RequestsUnderWay {
  readonly #trustProxy: number;
  readonly #handled = new BoundedCount(handledLimits);
  readonly #unsent: BoundedCount;
  #count = 0;
  #finished: (() => void) | undefined;

  constructor(
    { trustProxy, idleTimeoutSeconds }: Pick<
      Config,
      "trustProxy" | "idleTimeoutSeconds"
    >,
  ) {
    this.#trustProxy = trustProxy;
    const stalledSeconds = idleTimeoutSeconds || defaultStalledSeconds;
    this.#unsent = new BoundedCount(unsentLimits, stalledSeconds * 1_000);
  }

  /**
   * Answers a request; refuses a malformed request, or a request over a limit.
   *
   * A request counts until the answer is sent, or until the upgrade to a
   * socket.
   */
  async answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
    handle: () => Response | Promise<Response>,
  ): Promise<Response> {
    if (this.#finished) return problemResponse(stopping);
    const fault = requestFault(request);
    if (fault) return problemResponse(fault);
    const isGet = request.method === "GET";
    const block = this.#blockOf(request, info);
    const refusal = this.#handled.refusalOf(block) ??
      (isGet ? this.#unsent.refusalOf(block) : undefined);
    if (refusal && !probePattern.test(request.url)) {
      return problemResponse(refusal);
    }
    this.#count += 1;
    const handled = this.#handled.add(block);
    let isSent: Promise<void> | undefined;
    try {
      const response = await handle();
      if (response.status === 101) return response;
      isSent = info.completed;
      if (isGet && !isEventStream(response)) {
        const sent = this.#unsent.add(block);
        isSent.then(sent, sent);
      }
      return response;
    } finally {
      handled();
      const done = () => this.#done();
      // A request also ends when the client disconnects.
      if (isSent) isSent.then(done, done);
      else done();
    }
  }

  /** Refuses new requests, and resolves when no request is under way. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = resolve;
      if (this.#count === 0) resolve();
    });
  }

  #blockOf(
    { headers }: Request,
    { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): string {
    const forwardedFor = this.#trustProxy === 0
      ? undefined
      : headers.get("x-forwarded-for") ?? undefined;
    return addressBlock(
      remoteAddress(remoteAddr.hostname, forwardedFor, this.#trustProxy),
    );
  }

  #done(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#finished?.();
  }
}

/** Event streams are connections, with the limits of sockets. */
function isEventStream({ headers }: Response): boolean {
  return headers.get("content-type") === "text/event-stream";
}

/**
 * Counts entries in all and per address. After a time, an entry counts only for
 * the address: otherwise a few addresses could lock out all clients.
 */
class BoundedCount {
  readonly #limits: Limits;
  readonly #stalledMs: number;
  readonly #ofAddress = new KeyedCounter();
  /** Oldest first. */
  readonly #inAll = new Set<{ readonly since: number }>();

  constructor(limits: Limits, stalledMs = Infinity) {
    this.#limits = limits;
    this.#stalledMs = stalledMs;
  }

  /** Returns the refusal of one more request; `undefined` if there is room. */
  refusalOf(block: string): Problem | undefined {
    const { inAll, ofAddress } = this.#limits;
    if (this.#ofAddress.of(block) >= ofAddress) return tooManyRequests;
    if (this.#inAll.size >= inAll) this.#dropStalled();
    return this.#inAll.size >= inAll ? tooBusy : undefined;
  }

  /** @returns A function to remove the entry. */
  add(block: string): () => void {
    const entry = { since: this.#stalledMs < Infinity ? performance.now() : 0 };
    this.#inAll.add(entry);
    this.#ofAddress.add(block);
    return () => {
      this.#inAll.delete(entry);
      this.#ofAddress.remove(block);
    };
  }

  #dropStalled(): void {
    const oldestKept = performance.now() - this.#stalledMs;
    for (const entry of this.#inAll) {
      if (entry.since > oldestKept) break;
      this.#inAll.delete(entry);
    }
  }
}
