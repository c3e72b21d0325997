import { maskedFrame, opcodes, readFrames } from "./frames.ts";
import { Link, type Reader } from "./link.ts";
import type { Wire } from "./wire.ts";

/** The address and identity of a client. */
export interface Target {
  readonly port: number;
  readonly wire: Wire;
  readonly route: "realtime" | "test";
  readonly id: string;
  readonly token?: string;
  /**
   * True if the client counts as connected only after `sync`, which would
   * contain earlier events.
   */
  readonly waitsForSync?: boolean;
}

/** The callbacks of a {@linkcode Client}. */
export interface ClientEvents {
  /** The `connected` frame came. */
  onConnected?(client: Client): void;
  /** A frame came, other than `connected` and `sync`. */
  onFrame?(bytes: Buffer, start: number, end: number): void;
  /** The connection ended. */
  onClose?(client: Client): void;
}

const closeFrame = maskedFrame(opcodes.close, new Uint8Array([0x03, 0xe8]));
const [zero, two, four] = [..."024"].map((char) => char.charCodeAt(0));

const encoder = new TextEncoder();
const ioJoin = maskedFrame(opcodes.text, encoder.encode("40"));
const ioPong = maskedFrame(opcodes.text, encoder.encode("3"));

/** A minimal WebSocket client, sufficient to count and check. */
export class Client implements Reader {
  /** True if an unexpected frame came. */
  isBroken = false;
  readonly #target: Target;
  readonly #events: ClientEvents;
  #link: Link | undefined;
  #isUpgraded = false;
  #isConnected = false;
  #isAwaited = true;
  #rest: Buffer | undefined;

  constructor(target: Target, events: ClientEvents) {
    this.#target = target;
    this.#events = events;
  }

  async open(): Promise<void> {
    const { port, wire, route, id, token = "" } = this.#target;
    this.#link = await Link.open(port, this);
    this.#link.send(
      encoder.encode(
        `GET ${wire.path(route, id, token)} HTTP/1.1\r\n` +
          `Host: 127.0.0.1:${port}\r\n` +
          "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
          "Sec-WebSocket-Version: 13\r\n\r\n",
      ),
    );
  }

  send(frame: Uint8Array): void {
    this.#link?.send(frame);
  }

  /** Begins the closing handshake. */
  close(): void {
    this.send(closeFrame);
  }

  onBytes(bytes: Buffer): void {
    let unread = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes;
    if (!this.#isUpgraded) {
      const end = unread.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#isUpgraded = true;
        if (!unread.toString("latin1", 0, end).startsWith("HTTP/1.1 101")) {
          this.#break();
        }
        const { wire, token = "" } = this.#target;
        this.#ask(wire.asks?.connected(token));
        unread = unread.subarray(end + 4);
      }
    }
    if (this.#isUpgraded && !this.isBroken) {
      try {
        unread = readFrames(unread, this.#onFrame);
      } catch {
        this.#break();
      }
    }
    this.#rest = unread.length > 0 ? unread : undefined;
  }

  onClose(): void {
    this.#events.onClose?.(this);
  }

  #onFrame = (opcode: number, bytes: Buffer, start: number, end: number) => {
    if (opcode === opcodes.ping) {
      this.send(maskedFrame(opcodes.pong, bytes.subarray(start, end)));
    } else if (opcode === opcodes.close) {
      this.#link?.close();
    } else if (opcode === opcodes.text) {
      const { wire } = this.#target;
      if (wire.isSocketIo && this.#answerSocketIo(bytes, start)) return;
      const kind = bytes[start + wire.kindAt];
      if (!this.#isConnected) {
        if (kind !== wire.kinds.connected) return this.#break();
        this.#isConnected = true;
        this.#ask(wire.asks?.sync(this.#target.id));
        if (!this.#target.waitsForSync) this.#tellConnected();
      } else if (kind !== wire.kinds.sync) {
        this.#events.onFrame?.(bytes, start, end);
      } else this.#tellConnected();
    }
  };

  /** Asks for the next frame, if the server does not send it by itself. */
  #ask(text: string | undefined): void {
    if (text === undefined) return;
    this.send(maskedFrame(opcodes.text, encoder.encode(text)));
  }

  #tellConnected(): void {
    if (this.#isAwaited) this.#events.onConnected?.(this);
    this.#isAwaited = false;
  }

  /** Handles packets of Engine.IO and Socket.IO; returns true if handled. */
  #answerSocketIo(bytes: Buffer, start: number): boolean {
    const [first, second] = [bytes[start], bytes[start + 1]];
    if (first === zero) this.send(ioJoin);
    else if (first === two) this.send(ioPong);
    return first !== four || second === zero;
  }

  #break(): void {
    this.isBroken = true;
    this.#link?.close();
  }
}

/** Opens clients, a number at a time, until all are connected. */
export async function openAll(
  targets: readonly Target[],
  events: (index: number) => ClientEvents,
  atOnce = 64,
): Promise<Client[]> {
  const clients: Client[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let index = next++; index < targets.length; index = next++) {
      const target = targets[index];
      if (!target) return;
      await new Promise<void>((resolve, reject) => {
        const client = new Client(target, {
          ...events(index),
          onConnected: () => resolve(),
          onClose: () => reject(new Error(`${target.id} was closed`)),
        });
        clients[index] = client;
        client.open().catch(reject);
      });
    }
  }));
  return clients;
}
