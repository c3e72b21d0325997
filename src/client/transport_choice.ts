import type { Transport } from "./api.ts";

/** The transport of a client's links: as configured, or the first working transport. */
export class TransportChoice {
  #choice: "auto" | Transport;
  #attempts = 0;

  constructor(choice: "auto" | Transport) {
    this.#choice = choice;
  }

  /** True if each task needs a separate link, because an event stream serves a single task. */
  get isStream(): boolean {
    return this.#choice === "sse";
  }

  /** Returns the next transport to try: WebSocket twice, then an event stream, repeated until a transport works. */
  next(): Transport {
    if (this.#choice !== "auto") return this.#choice;
    return this.#attempts % 3 === 2 ? "sse" : "websocket";
  }

  /** Counts an attempt. A failure to get a token is no attempt and does not count. */
  tried(): void {
    this.#attempts += 1;
  }

  /** Keeps a working transport. */
  settle(transport: Transport): void {
    this.#choice = transport;
  }
}
