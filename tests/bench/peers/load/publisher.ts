import { HttpLink } from "./http_link.ts";

/** A request that publishes, and how many events it has. */
export interface Publication {
  readonly request: Uint8Array;
  readonly events: number;
}

/** Publishes over keep-alive connections, one request on each at a time. */
export class Publisher {
  /** Events that the server acknowledged. */
  acknowledged = 0;
  faults = 0;
  /** Publications begun. */
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

  /** Sends on a free connection; returns whether there was one. */
  publish(next: () => Publication): boolean {
    const link = this.#links.find(({ isIdle }) => isIdle);
    if (!link) return false;
    const { request, events } = next();
    this.begun += 1;
    this.#events.set(link, events);
    link.send(request);
    return true;
  }

  /** How often the server closed a connection after an answer. */
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
