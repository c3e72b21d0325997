/** The size limit for a key set, in bytes. */
const maxBytes = 262_144;

/** The time limit for a key set, in ms. */
const timeoutMs = 5_000;

/** The maximum number of redirects. */
const maxRedirects = 3;

/**
 * Fetches the text of a key set (RFC 7517 §5), within limits of size and time.
 * Follows redirects only within the same origin, because the operator trusts
 * the keys of the configured host only.
 *
 * @throws {Error} If the request fails or exceeds a limit.
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
        `the URL redirects to another origin, ${target.origin}: if you trust that origin, set TASKWIRE_JWKS_URL to the new address`,
      );
    }
    url = target;
  }
  throw new Error(`the URL redirects more than ${maxRedirects} times`);
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
