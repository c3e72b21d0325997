/** The item of `sessionStorage` for the key. The browser deletes the item with the tab. */
const storageKey = "taskwire-console-key";

/** An error answer of the server. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if the server has ended a stream.
   * @param {string} detail
   * @param {string} [code]
   */
  constructor(status, detail, code) {
    super(detail);
    this.status = status;
    this.code = code;
  }

  /** True if the server has rejected the key. */
  get isRefusal() {
    return this.status === 401 || this.status === 403;
  }
}

/** True if an operator is signed in. */
export function hasKey() {
  return sessionStorage.getItem(storageKey) !== null;
}

/**
 * Keeps a key for the calls to come.
 *
 * @param {string} key
 */
export function keepKey(key) {
  sessionStorage.setItem(storageKey, key);
}

/** Forgets the key. */
export function forgetKey() {
  sessionStorage.removeItem(storageKey);
}

/**
 * Calls the API. Paths are relative to the page, since a proxy may add a prefix.
 *
 * @param {string} method
 * @param {string} path
 * @returns {Promise<any>} The parsed answer; `undefined` if the body is empty.
 * @throws {ApiError} If the server refuses the request.
 * @throws {TypeError} If the server can't be reached.
 */
export async function call(method, path) {
  const response = await send(method, path);
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

/**
 * Reads a stream of Server-Sent Events to the end. An `EventSource` can't send
 * the key.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {(frames: any[]) => void} onFrames Called with the frames that have
 * arrived together.
 * @throws {ApiError} If the server refuses the request.
 * @throws {TypeError} If the server can't be reached, or the stream has ended.
 */
export async function readStream(path, signal, onFrames) {
  const { body } = await send("GET", path, {
    signal,
    headers: { Accept: "text/event-stream" },
  });
  if (body === null) throw new TypeError("The stream has no body");
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new TypeError("The stream has ended");
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      const frames = blocks.flatMap(parseBlock);
      if (frames.length > 0 && !signal.aborted) onFrames(frames);
    }
  } finally {
    await reader.cancel();
  }
}

/**
 * Parses an event of a stream; a comment has no frame.
 *
 * @param {string} block
 */
function parseBlock(block) {
  // The server writes `\n` alone, and a frame has no line ends.
  const [, data] = /^data: (.*)/m.exec(block) ?? [];
  return data === undefined ? [] : [JSON.parse(data)];
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ signal?: AbortSignal, headers?: Record<string, string> }} options
 */
async function send(method, path, { signal, headers } = {}) {
  const key = sessionStorage.getItem(storageKey) ?? "";
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ApiError(401, "A key has letters, digits and signs only");
  }
  const response = await fetch(`api/${path}`, {
    method,
    cache: "no-store",
    headers: { ...headers, Authorization: `Bearer ${key}` },
    signal: signal ?? null,
  });
  if (response.ok) return response;
  const text = await response.text();
  throw new ApiError(response.status, detailOf(text, response));
}

/**
 * Returns the detail of a problem (RFC 9457). An error page of a proxy has no
 * detail: the status is returned instead.
 *
 * @param {string} text
 * @param {Response} response
 */
function detailOf(text, { status, statusText }) {
  try {
    return JSON.parse(text).detail ?? `${status} ${statusText}`;
  } catch {
    return `${status} ${statusText}`;
  }
}
