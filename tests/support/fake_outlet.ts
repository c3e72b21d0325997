import type { ErrorFrame } from "../../src/protocol/server_frames.ts";
import type { Outlet } from "../../src/watch/outlet.ts";
import type { Frame } from "./socket.ts";

/** An outlet to record frames. Tests set the backlog. */
export class FakeOutlet implements Outlet {
  readonly frames: Frame[] = [];
  readonly closes: { code: number; error: ErrorFrame }[] = [];
  readonly failures: unknown[] = [];
  readonly #cleanups: (() => void)[] = [];
  /** True if every frame fills the buffer until the next turn of the event loop. */
  isSlow = false;
  #isClosed = false;
  #drained: PromiseWithResolvers<void> | undefined;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isBacklogged(): boolean {
    return this.#drained !== undefined;
  }

  /** Fills the buffer, until {@linkcode FakeOutlet.drain}. */
  congest(): void {
    this.#drained ??= Promise.withResolvers();
  }

  drain(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.resolve();
  }

  send(frame: string): "sent" | "backlogged" | "closed" {
    if (this.#isClosed) return "closed";
    this.frames.push(JSON.parse(frame));
    if (this.isSlow) {
      this.congest();
      setTimeout(() => this.drain(), 0);
    }
    return this.isBacklogged ? "backlogged" : "sent";
  }

  async writable(): Promise<void> {
    await this.#drained?.promise;
  }

  onEnd(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  close(code: number, error: ErrorFrame): void {
    this.closes.push({ code, error });
    this.end();
  }

  fail(error: unknown): void {
    this.failures.push(error);
    this.end();
  }

  /** The client goes away. */
  end(): void {
    this.#isClosed = true;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    this.drain();
  }

  /** The offsets of the `task` frames, in order of arrival. */
  get offsets(): unknown[] {
    return this.frames.filter(({ type }) => type === "task")
      .map(({ offset }) => offset);
  }
}
