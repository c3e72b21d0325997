import type { Transport } from "./api.ts";

/** How the links of one client connect: as told, or by what works. */
export class TransportChoice {
  #choice: "auto" | Transport;
  #attempts = 0;

  constructor(choice: "auto" | Transport) {
    this.#choice = choice;
  }

  /** Whether tasks need links of their own: a stream of events has one task. */
  get isStream(): boolean {
    return this.#choice === "sse";
  }

  /** What to connect by: WebSocket twice, then a stream of events, and again, until one of them works. */
  next(): Transport {
    if (this.#choice !== "auto") return this.#choice;
    this.#attempts += 1;
    return this.#attempts % 3 === 0 ? "sse" : "websocket";
  }

  /** One of them works: it stays. Returns whether that is news. */
  settle(transport: Transport): boolean {
    const isNew = this.#choice !== transport;
    this.#choice = transport;
    return isNew;
  }
}
