/**
 * The differences between a server's frames and the contract; only Socket.IO
 * and Centrifuge differ.
 */
export interface Wire {
  /** The path of the handshake. */
  path(route: string, id: string, token: string): string;
  /** The place of the letter that distinguishes the kinds of frames. */
  readonly kindAt: number;
  /** The letters of the first and the second frame. */
  readonly kinds: { readonly connected: number; readonly sync: number };
  /** Returns the start of the contract's JSON in a `task` frame. */
  taskAt(id: string): number;
  /** The messages of the client that ask for these two frames, if necessary. */
  readonly asks?: {
    connected(token: string): string;
    sync(id: string): string;
  };
  /** The text around a message to be echoed, and before the echo. */
  readonly echo: { readonly before: string; readonly after: string };
  /** True if Socket.IO's own handshake and pings must be answered. */
  readonly isSocketIo: boolean;
}

const kindsOf = (letters: string): Wire["kinds"] => ({
  connected: letters.charCodeAt(0),
  sync: letters.charCodeAt(1),
});

/** A position in the history before the server's start. */
const lost = { epoch: "lost", offset: 1 };

const plain: Wire = {
  path: (route, id, token) =>
    `/ws/${route}/${id}${
      token ? `?token=${token}&epoch=${lost.epoch}&offset=${lost.offset}` : ""
    }`,
  kindAt: `{"type":"`.length,
  kinds: kindsOf("cs"),
  taskAt: () => 0,
  echo: { before: "", after: "" },
  isSocketIo: false,
};

const socketIo: Wire = {
  path: (route, id, token) =>
    `/socket.io/?EIO=4&transport=websocket&route=${route}&id=${id}&token=${token}`,
  kindAt: `42["`.length,
  kinds: kindsOf("cs"),
  taskAt: () => `42["task",`.length,
  echo: { before: `42["message","`, after: `"]` },
  isSocketIo: true,
};

/** Centrifuge's JSON protocol, with the commands of its client library. */
const centrifuge: Wire = {
  path: () => "/connection/websocket",
  kindAt: `{"id":`.length,
  kinds: kindsOf("12"),
  taskAt: (id) => `{"result":{"channel":"${id}","data":{"data":`.length,
  asks: {
    connected: (token) => JSON.stringify({ id: 1, params: { token } }),
    sync: (channel) =>
      JSON.stringify({
        id: 2,
        method: 1,
        params: { channel, recover: true, ...lost },
      }),
  },
  echo: { before: "", after: "" },
  isSocketIo: false,
};

/** The wires, by name on the command line. */
export const wires = { plain, socketIo, centrifuge };
