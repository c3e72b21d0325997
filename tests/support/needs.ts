import { join } from "node:path";

/** A Python module, and the Debian package with the module. */
interface PythonModule {
  readonly module: string;
}

/**
 * External programs used by tests, and the Debian packages with the programs. A
 * package of Python modules counts as installed if a `python3` on the path
 * imports the modules.
 */
const packages = {
  bash: "bash",
  chromium: "chromium",
  curl: "curl",
  gcc: "gcc libc6-dev",
  haproxy: "haproxy",
  mypy: "mypy",
  nginx: "nginx-light",
  node: "nodejs",
  openssl: "openssl",
  promtool: "prometheus",
  python3: "python3",
  "python3-celery": { module: "celery" },
  "python3-django": { module: "django" },
  "python3-fastapi": { module: "fastapi" },
  "python3-jwt": { module: "jwt" },
  "python3-rq": { module: "rq" },
  "python3-uvicorn": { module: "uvicorn" },
  "python3-venv": { module: "ensurepip" },
  "redis-server": "redis-server",
  "systemd-analyze": "systemd",
  tmux: "tmux",
} satisfies Record<string, string | PythonModule>;

/** An external program, a package of Python modules, or the right to mount a file system. */
export type Need = keyof typeof packages | "mount";

/** Registers a test, as `Deno.test` does. */
export type Register = (
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
) => void;

/** A skipped test: a line of the file named by {@linkcode skippedFileVariable}. */
export interface SkippedTest {
  readonly name: string;
  readonly missing: readonly Need[];
}

/** The environment variable with the file for the names of skipped tests. */
export const skippedFileVariable = "TASKWIRE_TEST_SKIPPED";

/**
 * Finds a program on the path.
 *
 * @returns The first executable file with the name.
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

/** True if the error means a missing or unreadable path. */
function isAbsence(error: unknown): boolean {
  return [
    Deno.errors.NotFound,
    Deno.errors.NotADirectory,
    Deno.errors.PermissionDenied,
  ].some((kind) => error instanceof kind);
}

/**
 * Finds a Python able to import modules. The path may have several, and only
 * Debian's Python finds Debian's packages.
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

/** True if the machine has all needed programs. */
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

/** Explains how to install missing packages on Debian. */
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
 * Makes tests in need of external programs. Without the programs the tests are
 * skipped, and the missing programs are recorded. In CI (if the environment has
 * `CI`) the tests fail instead.
 *
 * @returns The function to register a test.
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
