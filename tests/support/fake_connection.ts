import {
  Connection,
  type Handshake,
  type Transport,
} from "../../src/connections/connection.ts";
import type { Frame, SocketClose } from "./socket.ts";

/** A transport to record all calls. Tests set the buffered amount. */
export class FakeTransport implements Transport {
  bufferedAmount = 0;
  readonly sent: (string | ArrayBuffer)[] = [];
  readonly closes: SocketClose[] = [];

  send(data: string | ArrayBuffer): void {
    this.sent.push(data);
  }

  close(code: number, reason: string): Promise<void> {
    this.closes.push({ code, reason });
    return Promise.resolve();
  }

  /** The texts sent, parsed. */
  get frames(): Frame[] {
    return this.sent.map((data) => JSON.parse(String(data)));
  }
}

/** The handshake of a fake connection. */
export const fakeHandshake: Handshake = {
  route: "test_websocket",
  taskId: "upload_123456",
  epoch: undefined,
  offset: undefined,
  origin: undefined,
  remoteAddress: "127.0.0.1",
};

/** A connection on a {@linkcode FakeTransport}. */
export function fakeConnection(
  maxBufferedBytes = 1_000,
  handshake: Partial<Handshake> = {},
): {
  connection: Connection;
  transport: FakeTransport;
  /** An entry per eviction of the slow client. */
  evictions: true[];
} {
  const transport = new FakeTransport();
  const evictions: true[] = [];
  const connection = new Connection(transport, {
    ...fakeHandshake,
    ...handshake,
  }, {
    maxBufferedBytes,
    stallTimeoutMs: 30_000,
    onEvicted: () => evictions.push(true),
  });
  return { connection, transport, evictions };
}
