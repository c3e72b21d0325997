/** The longest wait for a frame: a hidden page has none, in milliseconds. */
const hiddenFrameMs = 100;

/** The functions of a page; absent elsewhere. */
interface Page {
  readonly requestAnimationFrame?: (call: () => void) => number;
  readonly cancelAnimationFrame?: (frame: number) => void;
}

const page: Page = globalThis as Page;
const calls = new Set<() => void>();
let frame: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

function run(): void {
  stop();
  for (const call of [...calls]) {
    // An earlier call may have given up a later call.
    if (calls.delete(call)) call();
  }
}

function stop(): void {
  if (frame) page.cancelAnimationFrame?.(frame);
  clearTimeout(timer);
  frame = timer = undefined;
}

/**
 * Calls a function with the next frame of the page; all functions of a frame
 * are called together, so that one rendering shows all changes.
 *
 * @param delayMs The shortest wait, in milliseconds.
 * @returns Gives the call up.
 */
export function afterFrame(call: () => void, delayMs = 0): () => void {
  if (delayMs > 0) {
    let giveUp = () => clearTimeout(delay);
    const delay = setTimeout(() => giveUp = afterFrame(call), delayMs);
    return () => giveUp();
  }
  calls.add(call);
  if (!timer) {
    timer = setTimeout(run, hiddenFrameMs);
    frame = page.requestAnimationFrame?.(run);
  }
  return () => {
    calls.delete(call);
    if (calls.size === 0) stop();
  };
}
