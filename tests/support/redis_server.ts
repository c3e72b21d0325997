import { join } from "node:path";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { ForeignProgram } from "./foreign_program.ts";
import { freePort } from "./free_port.ts";
import { type Reply, sendCommand } from "./resp.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** How a test's Redis server is started. */
export interface RedisServerOptions {
  /** The password of the default user. */
  readonly password?: string;
  /** Lines of an ACL file, such as `user ada on >secret ~* &* +@all`. */
  readonly users?: readonly string[];
  /** Whether it speaks TLS alone, with a certificate that `authority` vouches for. */
  readonly tls?: boolean;
  /**
   * When the log of changes is flushed to the disk.
   *
   * With `everysec`, Redis may hold back what it has acknowledged while a
   * flush is under way, and a kill loses that: where nothing acknowledged may
   * be lost, it has to be `always`.
   *
   * @default {"everysec"}
   */
  readonly appendFsync?: "always" | "everysec" | "no";
  /** More arguments. */
  readonly args?: readonly string[];
}

/** What a server finds when it comes back: all it had, nothing, or what {@linkcode RedisServer.save} kept. */
export type RestartedData = "kept" | "empty" | "saved";

/**
 * A real `redis-server` of a test's own, on a free port of loopback, with its
 * data in a folder of its own; dispose of it to stop it.
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

  /** Starts one, and waits until it accepts connections. */
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

  /** Where it is, with the password of the default user: `redis://…`, or `rediss://…`. */
  get url(): string {
    return this.urlFor("", this.#options.password ?? "");
  }

  /** Where it is for a user. */
  urlFor(user: string, password: string): string {
    const scheme = this.#certificate ? "rediss" : "redis";
    const login = user || password
      ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`
      : "";
    return `${scheme}://${login}127.0.0.1:${this.port}`;
  }

  /** The file with the authority that a client has to trust. */
  get authority(): string {
    if (this.#certificate) return this.#certificate.authority;
    throw new Error("The server speaks no TLS");
  }

  /** Sends one command as the default user, over a connection of its own. */
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

  /** Waits until its log has a text. */
  async logged(pattern: RegExp): Promise<void> {
    await this.#program.wrote(pattern);
  }

  /** Forgets everything while it runs. */
  async flush(): Promise<void> {
    await this.command("FLUSHALL");
  }

  /** Ends it at once, as `kill -9` does. */
  async kill(): Promise<void> {
    this.#program.kill("SIGKILL");
    await this.#program.ended;
  }

  /** Ends it in good order, as an operator does. */
  async stop(): Promise<void> {
    this.#program.kill("SIGTERM");
    await this.#program.ended;
  }

  /** Stops it where it stands: its connections stay open, and nothing is answered. */
  pause(): void {
    this.#program.kill("SIGSTOP");
  }

  /** Lets it go on. */
  resume(): void {
    this.#program.kill("SIGCONT");
  }

  /** Keeps a copy of the data as it is now, for {@linkcode RedisServer.restart}. */
  async save(): Promise<void> {
    await this.#remove("saved");
    this.pause();
    try {
      await copyFolder(this.#path("data"), this.#path("saved"));
    } finally {
      this.resume();
    }
  }

  /** Starts it again on the same port, ended by a kill if it still runs. */
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
    // A stopped process would never see the signal that ends it.
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
