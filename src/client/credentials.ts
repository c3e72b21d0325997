import type { ConnectOptions } from "./api.ts";

/** A rejected token, and the action if `getToken` has no different token. */
interface Refusal {
  readonly token: string | undefined;
  readonly giveUp: () => void;
}

/** The token of a client. Decides if a rejected token is worth a second attempt. */
export class Credentials {
  readonly #getToken: ConnectOptions["getToken"];
  #token: string | undefined;
  #refusal: Refusal | undefined;
  /** The authentication status of the current connection. */
  authStatus: string | undefined;

  constructor(getToken: ConnectOptions["getToken"]) {
    this.#getToken = getToken;
  }

  /**
   * Returns the token for a new connection. Gives up if the server has rejected
   * the last token and `getToken` returns the same token or none.
   *
   * @throws Any error of `getToken`.
   */
  async forConnection(): Promise<string | undefined> {
    this.authStatus = undefined;
    this.#token = await this.#getToken?.() || undefined;
    if (!this.#token || this.#token === this.#refusal?.token) this.#giveUp();
    return this.#token;
  }

  /**
   * Returns a new token for an open connection, or `undefined` if the token is
   * unchanged.
   *
   * @param isAgain True if an unchanged token is to be sent again.
   * @throws Any error of `getToken`.
   */
  async forRenewal(isAgain: boolean): Promise<string | undefined> {
    const token = await this.#getToken?.() || undefined;
    if (token === this.#token && !isAgain) return undefined;
    return this.#token = token;
  }

  /** Records the authentication status sent by the server. */
  setStatus(authStatus: string): void {
    this.authStatus = authStatus;
    if (authStatus === "authenticated") this.#refusal = undefined;
  }

  /**
   * Records the rejection of a token. After the first rejection a new token is
   * tried; after the second in a row the client gives up.
   *
   * @returns True if a new token is tried.
   */
  refused(giveUp: () => void): boolean {
    const isFirst = this.#refusal === undefined;
    this.#refusal = { token: this.#token, giveUp };
    if (!isFirst) this.#giveUp();
    return isFirst;
  }

  #giveUp(): void {
    this.#refusal?.giveUp();
    this.#refusal = undefined;
  }
}
