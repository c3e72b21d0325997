import { closeCodes } from "../protocol/close_codes.ts";
import { encodeError } from "../protocol/server_frames.ts";
import type { Connection } from "./connection.ts";

/** How many frames that can't be understood a socket may send (spec §1). */
const maxBadFrames = 10;

/**
 * Answers a connection's bad frames: each is told what is wrong with it, and
 * after ten the socket is closed with 4400.
 *
 * @returns A function that takes the fault as a sentence.
 */
export function answerBadFrames(
  connection: Connection,
): (fault: string) => void {
  let count = 0;
  return (fault) => {
    count += 1;
    connection.send(encodeError({ code: "bad_frame", message: fault }));
    if (count < maxBadFrames) return;
    connection.close(closeCodes.badFrames, {
      code: "too_many_bad_frames",
      message: `${maxBadFrames} frames could not be understood: fix the client`,
    });
  };
}
