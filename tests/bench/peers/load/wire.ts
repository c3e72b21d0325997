/** How a server's frames differ from the contract's: only Socket.IO's do. */
export interface Wire {
  /** The path of the handshake. */
  path(route: string, id: string, token: string): string;
  /** The letter by which the kinds of frames differ: `c`, `s`, `t` or `e`. */
  readonly kindAt: number;
  /** Where the contract's JSON begins in a `task` frame. */
  readonly taskAt: number;
  /** What stands before and after a message to be echoed, and before its echo. */
  readonly echo: { readonly before: string; readonly after: string };
  /** Whether Socket.IO's own handshake and pings must be answered. */
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

/** The wires, by the name that the command line gives them. */
export const wires = { plain, socketIo };
