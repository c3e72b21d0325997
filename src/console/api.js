/** Where the key is kept: in this tab, until it is closed. */
const storageKey = "taskwire-console-key";

/** An answer of the server that is no success. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }

  /** Whether the key was not accepted, for good. */
  get isRefusal() {
    return this.status === 401 || this.status === 403;
  }
}

/** Whether somebody is signed in. */
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
 * One call of the API, relative to the page so that a proxy may give it a prefix.
 *
 * @param {string} method
 * @param {string} path
 * @returns {Promise<any>} The answer, parsed; `undefined` for one without a body.
 * @throws {ApiError} When the server refuses.
 * @throws {TypeError} When it can't be reached.
 */
export async function call(method, path) {
  const key = sessionStorage.getItem(storageKey) ?? "";
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ApiError(401, "A key has letters, digits and signs only");
  }
  const response = await fetch(`api/${path}`, {
    method,
    cache: "no-store",
    headers: { Authorization: `Bearer ${key}` },
  });
  const text = await response.text();
  if (!response.ok) {
    throw new ApiError(response.status, detailOf(text, response));
  }
  return text === "" ? undefined : JSON.parse(text);
}

/**
 * The sentence of a problem (RFC 9457); a proxy's own answer has none.
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
