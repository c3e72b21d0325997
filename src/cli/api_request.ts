import { CommandFailure } from "../terminal/failure.ts";
import { networkFault } from "../terminal/fault.ts";
import type { SettingsReader } from "./command.ts";
import { parseObject } from "./parse_object.ts";
import { redirectTarget } from "./server_url.ts";

/** The error for an answer of a server other than taskwire. */
export const foreignAnswer =
  "the answer is not from a taskwire server: check the address";

/** An answer with an HTTP status of failure. */
export class RefusalFailure extends CommandFailure {
  /** @param code The code of the server's problem; `undefined` for the answer of some other server. */
  constructor(
    message: string,
    readonly status: number,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}

/** The use of an API key, for error messages. */
interface KeyUse {
  /** A verb and its preposition. */
  readonly purpose: string;
  /** The scope of a JWT in place of a key. */
  readonly scope: string;
}

/**
 * Reads the key of a command: the first of TASKWIRE_API_KEYS.
 *
 * @throws {CommandFailure} If there is no key, or the key can't be sent.
 */
export function readApiKey(
  read: SettingsReader,
  { purpose, scope }: KeyUse,
): string {
  const { apiKeys: [apiKey] } = read("apiKeys");
  if (apiKey === undefined) {
    throw new CommandFailure(
      `no API key to ${purpose}: set TASKWIRE_API_KEYS to a key of the server ('taskwire serve' prints a generated key), or to a JWT with the scope ${scope}`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new CommandFailure(
      "the first key in TASKWIRE_API_KEYS cannot be sent: HTTP headers allow only ASCII characters",
    );
  }
  return apiKey;
}

/**
 * Sends a request to the HTTP API.
 *
 * @param done The past participle of the command's work, for error messages.
 * @throws {RefusalFailure} If the server refuses.
 * @throws {CommandFailure} If the server does not answer or redirects.
 */
export async function requestApi(
  url: URL,
  apiKey: string,
  init: RequestInit,
  done: string,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      headers: { Authorization: `Bearer ${apiKey}` },
      // A redirect must not send the API key and events to another address.
      redirect: "manual",
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandFailure(
      `no answer from ${url.origin}: check that 'taskwire serve' runs at this address (${
        networkFault(error).message
      })`,
    );
  }
  if (response.ok) return response;
  const movedTo = redirectTarget(response, url);
  if (movedTo !== undefined) {
    await response.body?.cancel();
    throw new CommandFailure(
      `${url.origin} redirects to ${movedTo}, and nothing was ${done}: set --url or TASKWIRE_URL to the final address`,
    );
  }
  const { status } = response;
  const { code, detail } = parseObject(await response.text()) ?? {};
  const isProblem = typeof code === "string" && typeof detail === "string";
  throw new RefusalFailure(
    `${url.origin} answered HTTP ${status}: ${
      isProblem ? `${code}: ${detail}` : foreignAnswer
    }`,
    status,
    isProblem ? code : undefined,
  );
}
