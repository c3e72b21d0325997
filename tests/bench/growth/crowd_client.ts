/**
 * Holds many watchers in a separate process, and counts the received events.
 *
 * Arguments: origin, count, and the task to watch (by default, a different task
 * per watcher). Prints `open` once all have received `sync`. For each line with
 * a number on standard input, prints the count of events: when the number is
 * reached, or after half a minute.
 *
 * @module
 */

import { splitLines } from "../../../src/protocol/lines.ts";
import { printLine } from "../../../src/terminal/output.ts";
import { handshakeBytes } from "../../support/tcp_exchange.ts";

/** The number of handshakes at a time. */
const handshakesAtOnce = 100;
const overdueMs = 30_000;
const opText = 1;
const opClose = 8;
const syncStart = new TextEncoder().encode('{"type":"sync"');
const skippedMark = new TextEncoder().encode('"skipped":');

let events = 0;
let onEvents = () => {};

/** Reads the frames of a socket, with a shared buffer. */
class Watcher {
  #rest: Uint8Array = new Uint8Array();
  #isUpgraded = false;
  readonly #onSync: () => void;

  constructor(onSync: () => void) {
    this.#onSync = onSync;
  }

  take(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = this.#isUpgraded ? 0 : this.#headEnd(bytes);
    for (let end = at; at < bytes.length; at = end) {
      const short = (bytes[at + 1] ?? 0) & 0x7f;
      const start = at + (short === 126 ? 4 : 2);
      const length = short === 126
        ? (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0)
        : short;
      end = start + length;
      if (start > bytes.length || end > bytes.length) break;
      this.#frame((bytes[at] ?? 0) & 0x0f, bytes.subarray(start, end));
    }
    this.#rest = at < bytes.length ? bytes.slice(at) : new Uint8Array();
  }

  #headEnd(bytes: Uint8Array): number {
    const head = new TextDecoder("latin1").decode(bytes);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(head);
    this.#isUpgraded = true;
    return end + 4;
  }

  #frame(opcode: number, payload: Uint8Array): void {
    if (opcode === opClose) throw new Error("The server closed a socket");
    if (opcode !== opText) return;
    // `{"type":"task"`: only this frame type has `t` and `a` in these places.
    if (payload[9] === 0x74 && payload[10] === 0x61) {
      events += 1 + skippedBy(payload);
      onEvents();
    } else if (startsWith(payload, syncStart)) this.#onSync();
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

/**
 * Returns the number of events in a merged frame, which ends in `"skipped":n}`.
 */
function skippedBy(payload: Uint8Array): number {
  const tail = payload.subarray(-20);
  const mark = tail.findIndex((_, at) =>
    startsWith(tail.subarray(at), skippedMark)
  );
  if (mark < 0) return 0;
  return Number.parseInt(
    new TextDecoder().decode(tail.subarray(mark + skippedMark.length)),
  );
}

/** Resolves after `sync`; keeps reading afterwards. */
async function open(origin: URL, task: string): Promise<void> {
  const { hostname, port } = origin;
  const tcp = await Deno.connect({ hostname, port: Number(port) });
  await tcp.write(
    handshakeBytes(`/ws/realtime/${encodeURIComponent(task)}`),
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  read(tcp, new Watcher(resolve)).catch(reject);
  await promise;
}

async function read(tcp: Deno.TcpConn, watcher: Watcher): Promise<void> {
  const chunk = new Uint8Array(1_024);
  for (;;) {
    const count = await tcp.read(chunk);
    if (count === null) throw new Error("The server hung up");
    watcher.take(chunk.subarray(0, count));
  }
}

/** Resolves when a number of events was received, or after the time limit. */
async function reached(count: number): Promise<void> {
  if (events >= count) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const overdue = setTimeout(resolve, overdueMs);
  onEvents = () => {
    if (events >= count) resolve();
  };
  await promise;
  clearTimeout(overdue);
  onEvents = () => {};
}

if (import.meta.main) {
  const [origin = "", count = "0", shared] = Deno.args;
  let opened = 0;
  await Promise.all(Array.from({ length: handshakesAtOnce }, async () => {
    while (opened < Number(count)) {
      const number = opened++;
      await open(new URL(origin), shared ?? `idle/${number}`);
    }
  }));
  printLine("open");
  for await (const lines of splitLines(Deno.stdin.readable)) {
    for (const line of lines) {
      await reached(Number(String(line)));
      printLine(String(events));
    }
  }
  Deno.exit();
}
