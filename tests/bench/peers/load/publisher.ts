import { HttpLink } from "./http_link.ts";

/** A publishing request, with the number of events. */
export interface Publication {
  readonly request: Uint8Array;
  readonly events: number;
}

/**
 * Publishes over keep-alive connections, one request per connection at a time.
 */
export class Publisher {
  /** The number of events acknowledged by the server. */
  acknowledged = 0;
  faults = 0;
  /** The number of publishes begun. */
  begun = 0;
  readonly #links: HttpLink[] = [];
  readonly #events = new Map<HttpLink, number>();
  readonly #onIdle: () => void;

  /** @param onIdle Called when a connection is free again. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  async open(port: number, connections: number): Promise<void> {
    for (let count = 0; count < connections; count++) {
      const link: HttpLink = new HttpLink((text) => this.#read(link, text));
      await link.open(port);
      this.#links.push(link);
    }
  }

  #read(link: HttpLink, answer: string): void {
    const acknowledged = answer.split(`"offset":`).length - 1;
    this.acknowledged += acknowledged;
    if (acknowledged !== this.#events.get(link)) this.faults += 1;
    this.#onIdle();
  }

  /** Sends on a free connection; returns false if none is free. */
  publish(next: () => Publication): boolean {
    const link = this.#links.find(({ isIdle }) => isIdle);
    if (!link) return false;
    const { request, events } = next();
    this.begun += 1;
    this.#events.set(link, events);
    link.send(request);
    return true;
  }

  /** The number of closes by the server after an answer. */
  get reconnects(): number {
    return this.#links.reduce((sum, { reconnects }) => sum + reconnects, 0);
  }

  get isIdle(): boolean {
    return this.#links.every(({ isIdle }) => isIdle);
  }

  close(): void {
    for (const link of this.#links) link.close();
  }
}
