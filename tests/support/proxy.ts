import { assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  type DeployFileName,
  readDeployFile,
} from "../../src/deploy/deploy_file.ts";
import { type Certificate, makeCertificate } from "./certificate.ts";
import { ForeignProgram } from "./foreign_program.ts";
import { freePort } from "./free_port.ts";
import { makeTempDir, type TempDir } from "./temp_dir.ts";

/** The proxies with a configuration from taskwire. */
export type ProxyName = Extract<DeployFileName, "nginx" | "haproxy">;

/** The time limit for an expected log line. */
const deadlineMs = 30_000;

/** The replacement of a part of a configuration. The part must exist. */
type Replacement = readonly [part: RegExp, text: string];

/**
 * A real proxy with the configuration printed by `taskwire print`. Changed are
 * only the addresses, the places of files, the limit of connections, and the
 * comment signs before the lines for TLS. Disposing stops the proxy.
 */
export class Proxy implements AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** `https://127.0.0.1:PORT` */
  readonly secureOrigin: string;
  /** The certificate of the authority behind the proxy's certificate, as PEM. */
  readonly authority: string;
  readonly #folder: TempDir;
  readonly #program: ForeignProgram;

  private constructor(
    ports: { readonly plain: number; readonly secure: number },
    authority: string,
    folder: TempDir,
    program: ForeignProgram,
  ) {
    this.origin = `http://127.0.0.1:${ports.plain}`;
    this.secureOrigin = `https://127.0.0.1:${ports.secure}`;
    this.authority = authority;
    this.#folder = folder;
    this.#program = program;
  }

  /** Starts a proxy for three nodes, given by origin. */
  static async start(
    name: ProxyName,
    origins: readonly string[],
  ): Promise<Proxy> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await makeTempDir());
    const files = await makeCertificate(folder.path);
    const ports = { plain: freePort(), secure: freePort() };
    const text = replaceAll(await readDeployFile(name), [
      ...origins.map((origin, index): Replacement => [
        new RegExp(`10\\.0\\.0\\.1${index + 1}:8000\\b`),
        new URL(origin).host,
      ]),
      ...await replacements[name](ports, files, folder),
    ]);
    const file = await folder.write(name, text);
    const program = stack.use(
      new ForeignProgram(commands[name](file, folder.path), {
        cwd: folder.path,
      }),
    );
    const started = await Promise.race([
      program.wrote(isReady[name]),
      program.ended.then(() => undefined),
    ]);
    if (!started) throw new Error(program.stderr);
    const authority = await Deno.readTextFile(files.authority);
    stack.move();
    return new Proxy(ports, authority, folder, program);
  }

  /** The id of the main process; the worker processes are children. */
  get pid(): number {
    return this.#program.pid;
  }

  /** Waits for a log line, possibly written after the answer. */
  async logged(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    for (let log = ""; !pattern.test(log); log = await this.#log()) {
      if (Date.now() > deadline) throw new Error(`No ${pattern} in ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops the proxy. Returns the complete log. */
  async stop(): Promise<string> {
    await this.#program[Symbol.asyncDispose]();
    const log = await this.#log();
    await this.#folder[Symbol.asyncDispose]();
    return log;
  }

  async #log(): Promise<string> {
    const logs = [this.#program.stderr];
    for await (const { name } of Deno.readDir(this.#folder.path)) {
      if (!name.endsWith(".log")) continue;
      logs.push(await Deno.readTextFile(join(this.#folder.path, name)));
    }
    return logs.join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#program.hasEnded) await this.stop();
  }
}

const commands: Record<
  ProxyName,
  (file: string, folder: string) => readonly string[]
> = {
  nginx: (file, folder) => [
    ...["nginx", "-e", "stderr", "-c", file],
    ...["-g", `daemon off; pid ${folder}/pid; error_log stderr notice;`],
  ],
  haproxy: (file) => ["haproxy", "-W", "-f", file],
};

/** The log lines of a listening proxy. */
const isReady: Record<ProxyName, RegExp> = {
  nginx: /start worker processes/,
  haproxy: /Loading success/,
};

const replacements: Record<
  ProxyName,
  (
    ports: { readonly plain: number; readonly secure: number },
    files: Certificate,
    folder: TempDir,
  ) => Promise<readonly Replacement[]> | readonly Replacement[]
> = {
  nginx: ({ plain, secure }, { certificate, key }, { path }) => [
    [/listen 80;/, `listen 127.0.0.1:${plain};`],
    [/# listen 443 /, `listen 127.0.0.1:${secure} `],
    [/# (?=ssl_certificate )/, ""],
    [/# (?=ssl_certificate_key )/, ""],
    [/\/etc\/ssl\/taskwire\.pem/, certificate],
    [/\/etc\/ssl\/taskwire\.key/, key],
    [/\/var\/log\/nginx(?=\/taskwire\.log)/, path],
    [/\/var\/log\/nginx(?=\/taskwire-error\.log)/, path],
  ],
  async haproxy({ plain, secure }, { certificate, key }, folder) {
    const texts = [certificate, key].map((file) => Deno.readTextFile(file));
    const both = (await Promise.all(texts)).join("");
    return [
      [/bind :80$/m, `bind 127.0.0.1:${plain}`],
      [/# bind :443 /, `bind 127.0.0.1:${secure} `],
      [/\/etc\/haproxy\/taskwire\.pem/, await folder.write("both.pem", both)],
      [/log \/dev\/log /, "log stderr format raw "],
      // The proxy would not start if few descriptors are available.
      [/maxconn 100000/, "maxconn 4000"],
    ];
  },
};

function replaceAll(
  text: string,
  replacements: readonly Replacement[],
): string {
  let replaced = text;
  for (const [part, by] of replacements) {
    assertMatch(replaced, part);
    replaced = replaced.replace(part, by);
  }
  return replaced;
}
