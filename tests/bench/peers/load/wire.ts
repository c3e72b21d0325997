/**
 * The differences between a server's frames and the contract; only Socket.IO
 * differs.
 */
export interface Wire {
  /** The path of the handshake. */
  path(route: string, id: string, token: string): string;
  /**
   * The letter that distinguishes the kinds of frames: `c`, `s`, `t` or `e`.
   */
  readonly kindAt: number;
  /** The start of the contract's JSON in a `task` frame. */
  readonly taskAt: number;
  /** The text around a message to be echoed, and before the echo. */
  readonly echo: { readonly before: string; readonly after: string };
  /** True if Socket.IO's own handshake and pings must be answered. */
  readonly isSocketIo: boolean;
}

const plain: Wire = {
  path: (route, id, token) =>
    `/ws/${route}/${id}${token ? `?token=${token}` : ""}`,
  kindAt: `{"type":"`.length,
  taskAt: 0,
  echo: { before: "", after: "" },
  isSocketIo: false,
};

const socketIo: Wire = {
  path: (route, id, token) =>
    `/socket.io/?EIO=4&transport=websocket&route=${route}&id=${id}&token=${token}`,
  kindAt: `42["`.length,
  taskAt: `42["task",`.length,
  echo: { before: `42["message","`, after: `"]` },
  isSocketIo: true,
};

/** The wires, by name on the command line. */
export const wires = { plain, socketIo };
