import { Link } from "./link.ts";

/** Encodes a POST request. */
export function postRequest(
  path: string,
  body: string,
  apiKey: string,
): Uint8Array {
  const content = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
        `Authorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${content.length}\r\n\r\n`,
    ),
    content,
  ]);
}

/**
 * A connection with one request at a time, kept alive, or reopened after an
 * answer with `Connection: close`.
 */
export class HttpLink {
  isIdle = true;
  /** The number of closes by the server. */
  reconnects = 0;
  #link: Link | undefined;
  #isClosing = false;
  #chunks: Buffer[] = [];
  #received = 0;
  /** The length of the answer, once the headers have come; 0 for chunks. */
  #length: number | undefined;
  readonly #onAnswer: (text: string) => void;

  /** @param onAnswer Called with each answer, including headers. */
  constructor(onAnswer: (text: string) => void) {
    this.#onAnswer = onAnswer;
  }

  async open(port: number): Promise<void> {
    const link: Link = await Link.open(port, {
      onBytes: (bytes) => this.#read(bytes, port),
      onClose: () => {
        if (this.#link === link && !this.isIdle && !this.#isClosing) {
          this.#onAnswer("closed");
        }
      },
    });
    this.#link = link;
  }

  send(request: Uint8Array): void {
    this.isIdle = false;
    this.#link?.send(request);
  }

  close(): void {
    this.#link?.close();
  }

  #read(bytes: Buffer, port: number): void {
    this.#chunks.push(bytes);
    this.#received += bytes.length;
    if (this.#length === undefined) this.#readHeaders();
    const isWhole = this.#length === 0
      ? bytes.toString("latin1", bytes.length - 5) === "0\r\n\r\n"
      : this.#received === this.#length;
    if (!isWhole) return;
    const text = Buffer.concat(this.#chunks).toString("latin1");
    this.#chunks = [];
    this.#received = 0;
    this.#length = undefined;
    if (this.#isClosing) this.#reopen(port, text);
    else this.#end(text);
  }

  #end(answer: string): void {
    this.isIdle = true;
    this.#onAnswer(answer);
  }

  #reopen(port: number, answer: string): void {
    this.reconnects += 1;
    this.#link?.close();
    this.open(port).then(() => {
      this.#isClosing = false;
      this.#end(answer);
    }, () => this.#onAnswer("closed"));
  }

  #readHeaders(): void {
    const text = Buffer.concat(this.#chunks).toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const headers = text.slice(0, end);
    const [, length] = /content-length: (\d+)/i.exec(headers) ?? [];
    this.#length = length === undefined ? 0 : end + 4 + Number(length);
    this.#isClosing = /\nconnection: close/i.test(headers);
  }
}
