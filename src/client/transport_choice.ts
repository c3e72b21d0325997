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
    return this.#attempts % 3 === 2 ? "sse" : "websocket";
  }

  /** Counts an attempt: what failed before it (to get a token) says nothing about a transport. */
  tried(): void {
    this.#attempts += 1;
  }

  /** One of them works: it stays. */
  settle(transport: Transport): void {
    this.#choice = transport;
  }
}
