import { join } from "node:path";

/** A module of Python, and the Debian package that brings it. */
interface PythonModule {
  readonly module: string;
}

/**
 * Outside programs that tests run, and the Debian package that brings each.
 * A package of Python modules is there if a `python3` on the path imports them.
 */
const packages = {
  bash: "bash",
  chromium: "chromium",
  curl: "curl",
  gcc: "gcc libc6-dev",
  haproxy: "haproxy",
  nginx: "nginx-light",
  node: "nodejs",
  openssl: "openssl",
  promtool: "prometheus",
  python3: "python3",
  "python3-celery": { module: "celery" },
  "python3-fastapi": { module: "fastapi" },
  "python3-jwt": { module: "jwt" },
  "python3-uvicorn": { module: "uvicorn" },
  "redis-server": "redis-server",
  "systemd-analyze": "systemd",
  tmux: "tmux",
} satisfies Record<string, string | PythonModule>;

/** An outside program, a package of Python modules, or the right to mount a file system. */
export type Need = keyof typeof packages | "mount";

/** What registers a test, as `Deno.test` does. */
export type Register = (
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
) => void;

/** One skipped test, a line of the file that {@linkcode skippedFileVariable} names. */
export interface SkippedTest {
  readonly name: string;
  readonly missing: readonly Need[];
}

/** The environment variable that names the file to which skipped tests are written. */
export const skippedFileVariable = "TASKWIRE_TEST_SKIPPED";

/**
 * Finds a program on the path.
 *
 * @returns The first executable file of that name.
 */
export function findProgram(name: string): string | undefined {
  return findPrograms(name).next().value;
}

function* findPrograms(name: string): Generator<string, undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = join(folder, name);
    try {
      const { isFile, mode } = Deno.statSync(path);
      if (isFile && ((mode ?? 0) & 0o111) !== 0) yield path;
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }
}

/** Tells an error of a path at which there is nothing, or nothing that may be looked at. */
function isAbsence(error: unknown): boolean {
  return [
    Deno.errors.NotFound,
    Deno.errors.NotADirectory,
    Deno.errors.PermissionDenied,
  ].some((kind) => error instanceof kind);
}

/**
 * Finds a Python that imports modules. Several may be on the path, and only
 * Debian's finds the packages of Debian.
 */
export function findPython(...modules: string[]): string | undefined {
  for (const path of findPrograms("python3")) {
    if (succeeds(path, "-c", ["import sys", ...modules].join(", "))) {
      return path;
    }
  }
  return undefined;
}

function succeeds(file: string, ...args: string[]): boolean {
  return new Deno.Command(file, { args, stdout: "null", stderr: "null" })
    .outputSync().success;
}

/** Tries to mount a small file system: also root may be forbidden to, in a container. */
function canMount(): boolean {
  const programs = [findProgram("mount"), findProgram("umount")];
  const [mount, umount] = programs;
  if (Deno.build.os !== "linux" || !mount || !umount) return false;
  const folder = Deno.makeTempDirSync({ prefix: "taskwire-mount-" });
  try {
    return succeeds(mount, "-t", "tmpfs", "tmpfs", folder) &&
      succeeds(umount, folder);
  } finally {
    Deno.removeSync(folder);
  }
}

/** Tells if this machine has all that is needed. */
export function has(...needs: readonly Need[]): boolean {
  return needs.every(isThere);
}

function isThere(need: Need): boolean {
  if (need === "mount") return canMount();
  const source = packages[need];
  return typeof source === "string"
    ? findProgram(need) !== undefined
    : findPython(source.module) !== undefined;
}

/** Says how a Debian machine gets what is missing. */
export function installHint(missing: readonly Need[]): string {
  const names = missing.flatMap((need) => {
    if (need === "mount") return [];
    const source = packages[need];
    return [typeof source === "string" ? source : need];
  });
  return [
    ...(names.length > 0
      ? [`apt-get install ${[...new Set(names)].sort().join(" ")}`]
      : []),
    ...(missing.includes("mount")
      ? ["run as root where file systems may be mounted"]
      : []),
  ].join("; ");
}

/**
 * Makes tests that need programs of the machine. Without them the tests are
 * skipped, and what is missing is recorded. In CI (if the environment has
 * `CI`) nothing may be skipped: the tests fail instead.
 *
 * @returns What registers such a test.
 */
export function needs(...names: readonly Need[]): Register {
  const missing = names.filter((name) => !has(name));
  if (missing.length === 0) return Deno.test;
  if (Deno.env.get("CI")) {
    return (name) =>
      Deno.test(name, () => {
        throw new Error(
          `CI skips no test, and ${missing.join(", ")} is missing: ${
            installHint(missing)
          }`,
        );
      });
  }
  return (name, fn) => {
    recordSkipped({ name, missing });
    const reason = `(skipped: ${missing.join(", ")} is missing)`;
    Deno.test({ name: `${name} ${reason}`, ignore: true, fn });
  };
}

function recordSkipped(test: SkippedTest): void {
  const file = Deno.env.get(skippedFileVariable);
  if (file === undefined) return;
  Deno.writeTextFileSync(file, `${JSON.stringify(test)}\n`, { append: true });
}
