/** An answer of a Redis server: RESP2 as values; errors are thrown. */
export type Reply = string | number | null | readonly Reply[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Sends a command over a connection and reads the answer (RESP2): the few
 * commands of tests need no client between test and server.
 *
 * @throws {Error} With the server's message if the server answers an error.
 */
export async function sendCommand(
  connection: Deno.Conn,
  ...words: readonly string[]
): Promise<Reply> {
  const parts = words.map((word) =>
    `$${encoder.encode(word).length}\r\n${word}\r\n`
  );
  const bytes = encoder.encode(`*${words.length}\r\n${parts.join("")}`);
  for (let at = 0; at < bytes.length;) {
    at += await connection.write(bytes.subarray(at));
  }
  return await new ReplyReader(connection).read();
}

class ReplyReader {
  readonly #connection: Deno.Conn;
  #bytes = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async read(): Promise<Reply> {
    const line = await this.#line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case ":":
        return Number(rest);
      case "$": {
        if (rest === "-1") return null;
        const text = decoder.decode(await this.#take(Number(rest)));
        await this.#take(2);
        return text;
      }
      case "*": {
        const items: Reply[] = [];
        while (items.length < Number(rest)) items.push(await this.read());
        return items;
      }
      default:
        throw new Error(`Redis answered: ${rest}`);
    }
  }

  async #line(): Promise<string> {
    let end: number;
    while ((end = this.#bytes.indexOf(10)) < 0) await this.#more();
    return decoder.decode(await this.#take(end + 1)).trimEnd();
  }

  async #take(count: number): Promise<Uint8Array> {
    while (this.#bytes.length < count) await this.#more();
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  async #more(): Promise<void> {
    const chunk = new Uint8Array(16_384);
    const count = await this.#connection.read(chunk);
    if (count === null) throw new Error("Redis hung up");
    const bytes = new Uint8Array(this.#bytes.length + count);
    bytes.set(this.#bytes);
    bytes.set(chunk.subarray(0, count), this.#bytes.length);
    this.#bytes = bytes;
  }
}
