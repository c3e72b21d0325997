import { openAll } from "./client.ts";
import type { Job } from "./job.ts";
import { wires } from "./wire.ts";

/** Matches the text after a frame's offset: the start of `,"event_id":"…"`. */
export type OnDelivery = (bytes: Buffer, end: number) => void;

const zero = 48;

/** Sockets that watch tasks, and check for offsets from 1 without gaps. */
export class Watchers {
  /** The number of correct frames. */
  delivered = 0;
  /** The number of wrong frames. */
  faults = 0;
  onDelivery: OnDelivery = () => {};

  /**
   * Opens a socket for each id.
   *
   * @param tokens The tokens of the sockets. @default {none}
   * @param atOnce The number of handshakes at a time.
   */
  async open(
    job: Job,
    ids: readonly string[],
    tokens: readonly string[] = [],
    atOnce?: number,
  ): Promise<void> {
    const wire = wires[job.wire];
    const targets = ids.map((id, index) => ({
      port: job.port,
      wire,
      route: "realtime" as const,
      id,
      token: tokens[index] ?? "",
      // An event before the `sync` would be part of the snapshot.
      waitsForSync: true,
    }));
    await openAll(targets, (index) => {
      const start = `{"type":"task","connection_id":"${ids[index]}","offset":`;
      const offsetAt = wire.taskAt(ids[index] ?? "") + start.length;
      let offset = 0;
      return {
        onFrame: (bytes, frameAt) => {
          let at = frameAt + offsetAt;
          let found = 0;
          for (;; at++) {
            const digit = (bytes[at] ?? 0) - zero;
            if (digit < 0 || digit > 9) break;
            found = found * 10 + digit;
          }
          if (found !== ++offset) {
            this.faults += 1;
            offset = found;
          }
          this.delivered += 1;
          this.onDelivery(bytes, at);
        },
      };
    }, atOnce);
  }
}
