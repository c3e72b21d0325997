import type { ConnectOptions } from "./api.ts";

/** A token that was refused, and what to do when there is no other. */
interface Refusal {
  readonly token: string | undefined;
  readonly giveUp: () => void;
}

/** The token that a client has, and whether another one is worth an attempt. */
export class Credentials {
  readonly #getToken: ConnectOptions["getToken"];
  #token: string | undefined;
  #refusal: Refusal | undefined;
  /** Who the server takes the client for, on this connection. */
  authStatus: string | undefined;

  constructor(getToken: ConnectOptions["getToken"]) {
    this.#getToken = getToken;
  }

  /**
   * The token for a new connection. Gives up first where the last one was
   * refused, and this is the same.
   *
   * @throws What `getToken` throws.
   */
  async forConnection(): Promise<string | undefined> {
    this.authStatus = undefined;
    this.#token = await this.#getToken?.() || undefined;
    if (!this.#token || this.#token === this.#refusal?.token) this.#giveUp();
    return this.#token;
  }

  /**
   * The token for an open connection, if there is another one.
   *
   * @param isAgain Whether the same will do.
   * @throws What `getToken` throws.
   */
  async forRenewal(isAgain: boolean): Promise<string | undefined> {
    const token = await this.#getToken?.() || undefined;
    if (token === this.#token && !isAgain) return undefined;
    return this.#token = token;
  }

  /** The server has said who the client is. */
  judged(authStatus: string): void {
    this.authStatus = authStatus;
    if (authStatus === "authenticated") this.#refusal = undefined;
  }

  /**
   * The token was refused: the first time another one is tried, the second
   * time that is given up.
   *
   * @returns Whether another one is tried.
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
