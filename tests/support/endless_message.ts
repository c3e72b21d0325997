import type { RawSocket } from "./raw_socket.ts";

/** The start of a frame of 1 MiB that is not the last of its message, masked with zeros (RFC 6455 §5.2). */
const fragment = new Uint8Array(14 + 1_048_576);
fragment.set([0, 0x80 | 127, 0, 0, 0, 0, 0, 0x10, 0, 0]);

/** Sends one message in fragments, up to 200 MiB a second, until the server hangs up; returns how many went out. */
export async function sendWithoutEnd(socket: RawSocket): Promise<number> {
  const first = fragment.slice();
  first[0] = 1; // a text begins
  let sent = 0;
  try {
    for (;; sent += 1) {
      await socket.write(sent === 0 ? first : fragment);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } catch (error) {
    const isHungUp = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.BrokenPipe;
    if (!isHungUp) throw error;
    return sent;
  }
}
