import { opcodes, rawFrame } from "./raw_socket.ts";
import type { Frame } from "./socket.ts";
import { handshakeBytes } from "./tcp_exchange.ts";

/** The events of a watcher over all connections. */
export interface KeyedCounter {
  /** Lost events. */
  lost: number;
  /** Repeated events. */
  repeated: number;
  /** Events merged into later events. */
  merged: number;
}

/**
 * A resuming watcher of a task with little memory: a test can hold thousands.
 * Reads frames from TCP, and keeps a position.
 */
export class HeldWatcher {
  readonly tally: KeyedCounter = { lost: 0, repeated: 0, merged: 0 };
  /** The number of connections ended by the server. */
  endings = 0;
  readonly #origin: URL;
  readonly #taskId: string;
  readonly #onTask: (frame: Frame) => void;
  #tcp: Deno.TcpConn | undefined;
  #position: { epoch: string; offset: number } | undefined;
  #bytes = new Uint8Array();
  #onProgress = () => {};
  #reading: Promise<void> = Promise.resolve();

  /** @param onTask Called with every event. */
  constructor(
    origin: string,
    taskId: string,
    onTask: (frame: Frame) => void = () => {},
  ) {
    this.#origin = new URL(origin);
    this.#taskId = taskId;
    this.#onTask = onTask;
  }

  /** The last offset seen. */
  get offset(): number {
    return this.#position?.offset ?? 0;
  }

  /**
   * Connects, and resumes from the last position. Resolves with the `sync`.
   *
   * @throws {Error} If the server refuses the connection.
   */
  async connect(): Promise<void> {
    const { hostname, port } = this.#origin;
    const position = this.#position;
    const query = position &&
      new URLSearchParams({ ...position, offset: String(position.offset) });
    const tcp = await Deno.connect({ hostname, port: Number(port) });
    this.#tcp = tcp;
    this.#bytes = new Uint8Array();
    const id = encodeURIComponent(this.#taskId);
    await tcp.write(handshakeBytes(`/ws/realtime/${id}?${query ?? ""}`));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#reading = this.#read(tcp, resolve).then(
      () => reject(new Error("The server hung up")),
      reject,
    );
    await promise;
  }

  /** Breaks the connection off, without a word. */
  async drop(): Promise<void> {
    this.#tcp?.close();
    this.#tcp = undefined;
    await this.#reading;
  }

  /** Waits until the watcher has seen an offset, up to a limit. Returns true if seen. */
  seen(offset: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timeout = setTimeout(() => resolve(false), timeoutMs);
      this.#onProgress = () => {
        if (this.offset < offset) return;
        clearTimeout(timeout);
        resolve(true);
      };
      this.#onProgress();
    });
  }

  async #read(tcp: Deno.TcpConn, onSync: () => void): Promise<void> {
    const chunk = new Uint8Array(2_048);
    let isUpgraded = false;
    try {
      for (;;) {
        const count = await tcp.read(chunk);
        if (count === null) break;
        const bytes = new Uint8Array(this.#bytes.length + count);
        bytes.set(this.#bytes);
        bytes.set(chunk.subarray(0, count), this.#bytes.length);
        this.#bytes = bytes;
        isUpgraded ||= this.#takeHead();
        while (isUpgraded && await this.#takeFrame(tcp, onSync));
      }
    } catch (error) {
      if (this.#tcp !== tcp) return; // dropped
      throw error;
    }
    this.endings += 1;
    tcp.close();
  }

  #takeHead(): boolean {
    const head = new TextDecoder("latin1").decode(this.#bytes);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return false;
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(head);
    this.#bytes = this.#bytes.subarray(end + 4);
    return true;
  }

  /** Takes a frame (RFC 6455 §5.2), if complete. */
  async #takeFrame(tcp: Deno.TcpConn, onSync: () => void): Promise<boolean> {
    const [first = 0, short = 0, high = 0, low = 0] = this.#bytes;
    if (short > 126) throw new Error("A frame of more than 64 KiB");
    const start = short === 126 ? 4 : 2;
    const end = start + (short === 126 ? high * 256 + low : short);
    if (this.#bytes.length < end) return false;
    const payload = this.#bytes.subarray(start, end);
    this.#bytes = this.#bytes.slice(end);
    const opcode = first & 0x0f;
    if (opcode === opcodes.ping) {
      await tcp.write(rawFrame(opcodes.pong, payload));
    }
    if (opcode === opcodes.text) {
      const frame = JSON.parse(new TextDecoder().decode(payload));
      if (frame.type === "sync") this.#sync(frame, onSync);
      if (frame.type === "task") {
        this.#onTask(frame);
        this.#task(frame);
      }
    }
    return true;
  }

  #sync(
    { epoch, offset, recovered }: Record<string, unknown>,
    onSync: () => void,
  ): void {
    // The snapshot replaces the missed events.
    if (!recovered && this.#position) {
      this.tally.lost += Number(offset) - this.#position.offset;
    }
    this.#position = { epoch: String(epoch), offset: Number(offset) };
    onSync();
    this.#onProgress();
  }

  #task({ offset, skipped = 0 }: Record<string, unknown>): void {
    const [from, to] = [Number(offset) - Number(skipped), Number(offset)];
    if (this.#position === undefined) throw new Error("An event before sync");
    const expected = this.#position.offset + 1;
    this.tally.lost += Math.max(0, from - expected);
    this.tally.repeated += Math.max(0, expected - from);
    this.tally.merged += Number(skipped);
    this.#position.offset = to;
    this.#onProgress();
  }
}
