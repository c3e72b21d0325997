import { assertEquals } from "@std/assert";
import type { SocketLike } from "../../src/client/api.ts";
import type { Frame } from "./socket.ts";

/** A client's socket, with the test as the server. */
export class FakeSocket implements SocketLike {
  onmessage: unknown = null;
  onerror: unknown = null;
  onclose: unknown = null;
  readonly url: URL;
  readonly protocols: string[];
  /** The frames sent by the client. */
  readonly sent: Frame[] = [];
  isClosed = false;

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.isClosed = true;
  }

  /** The server sends frames. */
  receive(...frames: Frame[]): void {
    for (const frame of frames) {
      if (typeof this.onmessage !== "function") {
        throw new Error("Not listening");
      }
      this.onmessage({ data: JSON.stringify(frame) });
    }
  }

  /** The server greets, and sends the position of the task. */
  greet(sync: Frame = {}, authStatus = "guest"): void {
    this.receive(
      { type: "connected", user_id: 1, auth_status: authStatus },
      {
        type: "sync",
        connection_id: "a",
        epoch: "e",
        offset: 0,
        recovered: false,
        task: null,
        ...sync,
      },
    );
  }

  /** Ends the socket, after an error frame if given. */
  end(code: number, error?: Frame): void {
    if (error) this.receive({ type: "error", message: "Why", ...error });
    if (typeof this.onclose !== "function") throw new Error("Not listening");
    this.onclose({ code });
  }
}

/** The sockets opened by a client, in order. */
export class FakeSockets {
  readonly all: FakeSocket[] = [];
  readonly WebSocket: new (url: string, protocols: string[]) => FakeSocket;

  constructor() {
    const { all } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        all.push(this);
      }
    };
  }

  /** Returns the newest socket. Fails unless the number of sockets matches. */
  last(count: number): FakeSocket {
    assertEquals(this.all.length, count, "sockets opened");
    const socket = this.all.at(-1);
    if (!socket) throw new Error("No socket was opened");
    return socket;
  }
}

/** A `task` frame. */
export function taskFrame(offset: number, members: Frame = {}): Frame {
  return {
    type: "task",
    connection_id: "a",
    offset,
    event_id: String(offset),
    status: "running",
    attempt: 1,
    timestamp: `2026-11-23T20:20:0${offset}.000Z`,
    ...members,
  };
}
