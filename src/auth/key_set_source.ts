/** The largest key set that is read, in bytes. */
const maxBytes = 262_144;

/** How long a key set may take to come, in ms. */
const timeoutMs = 5_000;

/** The most redirects that are followed. */
const maxRedirects = 3;

/**
 * Fetches the text of a key set (RFC 7517 §5), within limits of size and time.
 * A redirect is followed within the same origin: the operator trusts the keys
 * of the host that is named, and of no other.
 *
 * @throws {Error} When it can't be had.
 */
export async function fetchKeySet(url: URL): Promise<string> {
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new Error(`no answer within ${timeoutMs / 1_000} s`)),
    timeoutMs,
  );
  try {
    const response = await follow(url, deadline.signal);
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the answer is HTTP ${response.status}`);
    }
    return await readLimited(response);
  } finally {
    clearTimeout(timer);
  }
}

async function follow(url: URL, signal: AbortSignal): Promise<Response> {
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await fetch(url, {
      headers: { accept: "application/jwk-set+json, application/json" },
      redirect: "manual",
      signal,
    });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) {
      return response;
    }
    await response.body?.cancel();
    const target = new URL(location, url);
    if (target.origin !== url.origin) {
      throw new Error(
        `it redirects to another origin, ${target.origin}: set TASKWIRE_JWKS_URL to the address there if you trust it`,
      );
    }
    url = target;
  }
  throw new Error(`it redirects more than ${maxRedirects} times`);
}

async function readLimited({ body }: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Error(`the answer is larger than ${maxBytes} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
