import { closeCodes } from "../protocol/close_codes.ts";
import { encodeError } from "../protocol/server_frames.ts";
import type { Connection } from "./connection.ts";

/** The maximum number of malformed frames per socket (spec §1). */
const maxBadFrames = 10;

/**
 * Answers the malformed frames of a connection with an error, and closes the
 * socket with 4400 after ten.
 *
 * @returns A function that takes a description of the fault, and the name of the
 * list if the frame names one.
 */
export function answerBadFrames(
  connection: Connection,
): (fault: string, list?: string) => void {
  let count = 0;
  return (fault, list) => {
    count += 1;
    connection.send(encodeError({
      code: "bad_frame",
      message: fault,
      ...(list === undefined ? {} : { list }),
    }));
    if (count < maxBadFrames) return;
    connection.close(closeCodes.badFrames, {
      code: "too_many_bad_frames",
      message: `${maxBadFrames} malformed frames: fix the client`,
    });
  };
}
