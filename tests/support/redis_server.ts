import { join } from "node:path";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { ForeignProgram } from "./foreign_program.ts";
import { freePort } from "./free_port.ts";
import { type Reply, sendCommand } from "./resp.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** Options of a test's Redis server. */
export interface RedisServerOptions {
  /** The password of the default user. */
  readonly password?: string;
  /** Lines of an ACL file, for example `user ada on >secret ~* &* +@all`. */
  readonly users?: readonly string[];
  /** True for TLS only, with a certificate signed by `authority`. */
  readonly tls?: boolean;
  /**
   * The flushing of the append-only file to disk.
   *
   * With `everysec`, Redis may hold back acknowledged writes during a flush,
   * and a kill loses the writes. A test for lost acknowledgements needs
   * `always`.
   *
   * @default {"everysec"}
   */
  readonly appendFsync?: "always" | "everysec" | "no";
  /** More arguments. */
  readonly args?: readonly string[];
}

/**
 * The data of a restarted server: all data, no data, or the data of {@linkcode
 * RedisServer.save}.
 */
export type RestartedData = "kept" | "empty" | "saved";

/**
 * A real `redis-server` for a test, on a free port of loopback, with data in a
 * separate folder. Disposing stops the server.
 */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #folder: TempDir;
  readonly #certificate: Certificate | undefined;
  readonly #aclFile: string | undefined;
  #program: ForeignProgram;

  private constructor(
    options: RedisServerOptions,
    folder: TempDir,
    files: { certificate: Certificate | undefined; acl: string | undefined },
  ) {
    this.port = freePort();
    this.#options = options;
    this.#folder = folder;
    this.#certificate = files.certificate;
    this.#aclFile = files.acl;
    this.#program = this.#run();
  }

  /** Starts a server, and waits until the server accepts connections. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await makeTempDir());
    await Deno.mkdir(join(folder.path, "data"));
    const server = stack.use(
      new RedisServer(options, folder, {
        certificate: options.tls
          ? await makeCertificate(folder.path)
          : undefined,
        acl: options.users &&
          await folder.write("users.acl", options.users.join("\n") + "\n"),
      }),
    );
    await server.#ready();
    stack.move();
    return server;
  }

  /** The URL with the password of the default user: `redis://…`, or `rediss://…`. */
  get url(): string {
    return this.urlFor("", this.#options.password ?? "");
  }

  /** Returns the URL for a user. */
  urlFor(user: string, password: string): string {
    const scheme = this.#certificate ? "rediss" : "redis";
    const login = user || password
      ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`
      : "";
    return `${scheme}://${login}127.0.0.1:${this.port}`;
  }

  /** The file with the authority to be trusted by clients. */
  get authority(): string {
    if (this.#certificate) return this.#certificate.authority;
    throw new Error("The server speaks no TLS");
  }

  /** Sends a command as the default user, over a new connection. */
  async command(...words: readonly string[]): Promise<Reply> {
    const { password } = this.#options;
    const at = { hostname: "127.0.0.1", port: this.port };
    using connection = this.#certificate
      ? await Deno.connectTls({
        ...at,
        caCerts: [await Deno.readTextFile(this.authority)],
      })
      : await Deno.connect(at);
    if (password !== undefined) {
      await sendCommand(connection, "AUTH", password);
    }
    return await sendCommand(connection, ...words);
  }

  /** Waits until the server's log has a text. */
  async logged(pattern: RegExp): Promise<void> {
    await this.#program.wrote(pattern);
  }

  /** Deletes all data while the server runs. */
  async flush(): Promise<void> {
    await this.command("FLUSHALL");
  }

  /** Kills the server, as `kill -9` does. */
  async kill(): Promise<void> {
    this.#program.kill("SIGKILL");
    await this.#program.ended;
  }

  /** Shuts the server down, as an operator would. */
  async stop(): Promise<void> {
    this.#program.kill("SIGTERM");
    await this.#program.ended;
  }

  /** Suspends the server: connections stay open, but commands get no answer. */
  pause(): void {
    this.#program.kill("SIGSTOP");
  }

  /** Continues a suspended server. */
  resume(): void {
    this.#program.kill("SIGCONT");
  }

  /** Saves a copy of the current data for {@linkcode RedisServer.restart}. */
  async save(): Promise<void> {
    await this.#remove("saved");
    this.pause();
    try {
      await copyFolder(this.#path("data"), this.#path("saved"));
    } finally {
      this.resume();
    }
  }

  /** Restarts the server on the same port. A running server is killed. */
  async restart(data: RestartedData = "kept"): Promise<void> {
    if (!this.#program.hasEnded) await this.kill();
    if (data !== "kept") {
      await this.#remove("data");
      if (data === "empty") await Deno.mkdir(this.#path("data"));
      else await copyFolder(this.#path("saved"), this.#path("data"));
    }
    this.#program = this.#run();
    await this.#ready();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A suspended process would never receive the signal to end.
    if (!this.#program.hasEnded) this.resume();
    await this.#program[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  #path(name: string): string {
    return join(this.#folder.path, name);
  }

  async #remove(name: string): Promise<void> {
    await Deno.remove(this.#path(name), { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  #run(): ForeignProgram {
    const { appendFsync = "everysec", args = [], password } = this.#options;
    const port = String(this.port);
    const { authority, certificate, key } = this.#certificate ?? {};
    return new ForeignProgram([
      // The shell is replaced: the process is the server's own.
      ...["sh", "-c", 'exec redis-server "$@" >&2', "sh"],
      ...["--bind", "127.0.0.1", "--dir", this.#path("data")],
      ...["--save", "", "--appendonly", "yes", "--appendfsync", appendFsync],
      ...(authority && certificate && key
        ? [
          ...["--port", "0", "--tls-port", port, "--tls-auth-clients", "no"],
          ...["--tls-cert-file", certificate, "--tls-key-file", key],
          ...["--tls-ca-cert-file", authority],
        ]
        : ["--port", port]),
      ...(password === undefined ? [] : ["--requirepass", password]),
      ...(this.#aclFile === undefined ? [] : ["--aclfile", this.#aclFile]),
      ...args,
    ], { cwd: this.#folder.path });
  }

  async #ready(): Promise<void> {
    await this.#program.wrote(/Ready to accept connections/);
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(source, target);
    else await Deno.copyFile(source, target);
  }
}
