import { fileURLToPath } from "node:url";
import { printError } from "../../../src/terminal/output.ts";
import { findPython } from "../../support/needs.ts";

const folder = fileURLToPath(new URL(".cache", import.meta.url));

/** The packages of the compared servers, used only by this benchmark. */
const packages = ["bun@1", "socket.io@4", "ws@8"];

/** The Debian packages of Centrifuge. */
const goPackages = [
  "golang-go",
  "golang-github-centrifugal-centrifuge-dev",
  "golang-github-centrifugal-protocol-dev",
  "golang-github-fzambia-eagle-dev",
  "golang-github-golang-jwt-jwt-dev",
  "golang-github-igm-sockjs-go-dev",
  "golang-github-mna-redisc-dev",
];

/** The Bun for the load and for one of the servers. */
export const bunPath = `${folder}/node_modules/.bin/bun`;

/** The server of Centrifuge; see {@linkcode buildCentrifuge}. */
export const centrifugePath = `${folder}/centrifuge`;

/**
 * Builds the server of Centrifuge from Debian's packages.
 *
 * @returns The reason if the build fails.
 */
export async function buildCentrifuge(): Promise<string | undefined> {
  const source = new URL("servers/centrifuge/main.go", import.meta.url);
  try {
    const { success } = await new Deno.Command("go", {
      args: ["build", "-o", centrifugePath, fileURLToPath(source)],
      env: { GO111MODULE: "off", GOPATH: "/usr/share/gocode" },
      stderr: "null",
    }).output();
    if (success) return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return `install the Debian packages ${goPackages.join(", ")}`;
}

/** Runs a program to its end; returns the output, or `undefined` on failure. */
export async function outputOf(
  file: string,
  ...args: string[]
): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(file, {
      args,
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Installs the packages on the first run. */
export async function installPackages(): Promise<void> {
  if (await outputOf(bunPath, "--version")) return;
  printError(`Installing ${packages.join(", ")} in ${folder}`);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/package.json`, `{"private":true}`);
  const { success } = await new Deno.Command("npm", {
    args: ["install", "--no-audit", "--no-fund", ...packages],
    cwd: folder,
    stdout: "null",
  }).output();
  if (!success) throw new Error("npm could not install the peers' packages");
}

async function installedVersion(name: string): Promise<string> {
  const file = `${folder}/node_modules/${name}/package.json`;
  return JSON.parse(await Deno.readTextFile(file)).version;
}

/** Describes the machine and the versions, for later readers. */
export async function describeMachine(): Promise<Record<string, string>> {
  const cpu = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const python = "import fastapi,uvicorn,websockets;print('FastAPI'," +
    "fastapi.__version__,'uvicorn',uvicorn.__version__,'websockets'," +
    "websockets.__version__)";
  return {
    cpu: /model name\s*:\s*(.*)/.exec(cpu)?.[1] ?? "unknown",
    cores: String(navigator.hardwareConcurrency),
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    node: await outputOf("node", "--version") ?? "absent",
    bun: await installedVersion("bun"),
    ws: await installedVersion("ws"),
    "socket.io": await installedVersion("socket.io"),
    go: /go\d\S*/.exec(await outputOf("go", "version") ?? "")?.[0] ?? "absent",
    python: await outputOf(
      findPython("fastapi", "uvicorn", "websockets") ?? "python3",
      "-c",
      python,
    ) ?? "absent",
  };
}
