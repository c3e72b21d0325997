import { fileURLToPath } from "node:url";
import type { Snapshot, TaskEvent } from "../../src/tasks/event.ts";
import { ForeignProgram, runProgram } from "./foreign_program.ts";
import { findPython } from "./needs.ts";
import { testApiKey } from "./server.ts";
import type { CommandResult } from "./taskwire.ts";
import { makeTempDir } from "./temp_dir.ts";

const library = fileURLToPath(new URL("../../src/python/", import.meta.url));

/**
 * Returns the environment of a Python program that publishes by the library.
 *
 * @param paths Further folders of modules.
 */
export function pythonEnv(
  origin: string,
  ...paths: string[]
): Record<string, string> {
  return {
    TASKWIRE_URL: origin,
    TASKWIRE_API_KEYS: `${testApiKey},another-key-of-a-rotation`,
    PYTHONPATH: [library, ...paths].join(":"),
    // Keeps `__pycache__` out of the sources.
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

/** Runs a Python program with the library to the end. */
export async function runPython(
  origin: string,
  program: string,
  env: Record<string, string> = {},
): Promise<CommandResult> {
  await using folder = await makeTempDir();
  return await runProgram([findPython() ?? "python3", "-c", program], {
    cwd: folder.path,
    env: { ...pythonEnv(origin), ...env },
  });
}

/** Starts a Python program with the library. */
export function startPython(origin: string, program: string): ForeignProgram {
  return new ForeignProgram([findPython() ?? "python3", "-c", program], {
    cwd: Deno.cwd(),
    env: pythonEnv(origin),
  });
}

/** Reads the history of a task; empty for a task without events. */
export async function historyOf(
  origin: string,
  id: string,
): Promise<readonly TaskEvent[]> {
  const answer = await readApi(origin, `${encodeURIComponent(id)}/events`);
  return answer.events ?? [];
}

/** Reads the snapshot of a task, or the problem. */
export function taskOf(
  origin: string,
  id: string,
): Promise<Partial<Snapshot>> {
  return readApi(origin, encodeURIComponent(id));
}

// deno-lint-ignore no-explicit-any -- the answer of either route
async function readApi(origin: string, path: string): Promise<any> {
  const response = await fetch(`${origin}/api/tasks/${path}`, {
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  return await response.json();
}
