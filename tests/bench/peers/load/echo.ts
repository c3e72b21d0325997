import { openAll } from "./client.ts";
import { maskedByte, maskedFrame, opcodes } from "./frames.ts";
import type { Job, Outcome } from "./job.ts";
import { sleep, startWindow, until, warmUpMs } from "./window.ts";
import { wires } from "./wire.ts";

const bytes = 64;
const digits = 8;
const zero = 48;

/** Writes the digits of a number into a masked frame. */
function writeDigits(frame: Uint8Array, payloadAt: number, index: number) {
  return (value: number) => {
    for (let place = digits - 1; place >= 0; place--) {
      const digit = zero + value % 10;
      frame[payloadAt + index + place] = maskedByte(digit, index + place);
      value = Math.floor(value / 10);
    }
  };
}

function readDigits(frame: Buffer, start: number): number {
  let value = 0;
  for (let place = 0; place < digits; place++) {
    value = value * 10 + (frame[start + place] ?? 0) - zero;
  }
  return value;
}

/**
 * Every socket has one message under way, beginning with a number; the next
 * message follows the reply. Counts replies per second.
 */
export async function echo(job: Job): Promise<Outcome> {
  const wire = wires[job.wire];
  const { before, after } = wire.echo;
  const text = before + "0".repeat(bytes) + after;
  let replies = 0;
  let faults = 0;
  let waiting = 0;
  let isRunning = true;
  const starts: (() => void)[] = [];
  const targets = Array.from({ length: job.sockets }, (_, index) => ({
    port: job.port,
    wire,
    route: "test" as const,
    id: `echo-${index}`,
  }));
  const clients = await openAll(targets, (index) => {
    const frame = maskedFrame(opcodes.text, new TextEncoder().encode(text));
    const write = writeDigits(frame, frame.length - text.length, before.length);
    let sent = 0;
    const send = () => {
      write(++sent);
      clients[index]?.send(frame);
    };
    starts.push(send);
    return {
      onFrame(reply, start, end) {
        if (
          end - start !== text.length ||
          readDigits(reply, start + before.length) !== sent
        ) faults += 1;
        replies += 1;
        if (isRunning) send();
        else waiting -= 1;
      },
    };
  });
  for (const start of starts) start();
  await sleep(warmUpMs);
  const end = startWindow(job.pid);
  const repliesBefore = replies;
  await sleep(job.seconds * 1_000);
  const { seconds, ...cpu } = end();
  const counted = replies - repliesBefore;
  isRunning = false;
  waiting += job.sockets;
  await until(() => waiting === 0);
  return {
    values: { rate: counted / seconds },
    faults: faults + waiting,
    ...cpu,
  };
}
