import type { RawSocket } from "./raw_socket.ts";

/** The first bytes of a non-final frame of 1 MiB, masked with zeros (RFC 6455 §5.2). */
const fragment = new Uint8Array(14 + 1_048_576);
fragment.set([0, 0x80 | 127, 0, 0, 0, 0, 0, 0x10, 0, 0]);

/**
 * Sends a single message in fragments, up to 200 MiB a second, until the server
 * hangs up. Returns the number of fragments.
 */
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
