/** The queue of frames to a server. */
export interface Pacer<Frame> {
  /** Sends a frame now, or after the waiting frames. */
  readonly push: (frame: Frame) => void;
  /** Drops the waiting frames: the connection is closed, and a new one starts with a full burst. */
  readonly reset: () => void;
  /** Halves the rate, after the server has answered `rate_limited`. */
  readonly slowDown: () => void;
}

/**
 * Limits the rate of frames to suit a server with a `TASKWIRE_MESSAGE_RATE` of
 * 10 (a burst of 20), with a margin for pings and for a network delivering late
 * frames in a batch. The default rate of a server is higher, but the client
 * cannot learn the rate before the server closes the socket.
 */
export function createPacer<Frame>(
  deliver: (frame: Frame) => void,
): Pacer<Frame> {
  /** The most frames to send at once. */
  let burst = 16;
  let intervalMs = 110;
  let free = burst;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waiting: Frame[] = [];

  function flush(): void {
    for (; free >= 1 && waiting.length > 0; free--) {
      deliver(waiting.shift() as Frame);
    }
    if (free >= burst) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      free++;
      flush();
    }, intervalMs);
  }

  function reset(): void {
    clearTimeout(timer);
    timer = undefined;
    waiting.length = 0;
    free = burst;
  }

  return {
    push(frame) {
      waiting.push(frame);
      flush();
    },
    reset,
    slowDown() {
      burst = Math.max(1, burst / 2);
      intervalMs *= 2;
      reset();
    },
  };
}
