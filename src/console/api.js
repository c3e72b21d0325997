/** The item of `sessionStorage` for the key. The browser deletes the item with the tab. */
const storageKey = "taskwire-console-key";

/** An error answer of the server. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
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
