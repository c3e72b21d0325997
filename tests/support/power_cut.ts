import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "./external_tool.ts";

/** A process's record of operations on files; see disk_log.c. */
interface Operation {
  readonly kind: number;
  /** 0 for the folder. */
  readonly file: number;
  readonly value: number;
  readonly data: Uint8Array;
}

/** The kinds of records of disk_log.c. */
const kinds = {
  opened: 1,
  written: 2,
  resized: 3,
  flushing: 4,
  flushed: 5,
  unlinked: 6,
  renamed: 7,
} as const;

const headerBytes = 24;
/** The unit of atomic writes to a disk. */
const sectorBytes = 512;

/** The content of a folder: file names with bytes. */
export type Disk = ReadonlyMap<string, Uint8Array>;

/** Decides the fate of an unflushed operation or sector: true if it reached the disk. */
export type Fate = () => boolean;

/** The fate with a cache that keeps all operations until flushed. */
export const nothingUnflushed: Fate = () => false;

/** Chooses fates by a seed, to make a failed test repeatable. */
export function randomFate(seed: number): Fate {
  const random = randomNumbers(seed);
  return () => random() < 0.5;
}

/** Makes a generator of numbers in [0, 1): mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The library for recording a process's operations. Disposing removes the files. */
export class DiskLog implements AsyncDisposable {
  #records = 0;

  private constructor(
    private readonly workspace: string,
    /** The folder of the recorded files. */
    readonly folder: string,
  ) {}

  /** Compiles the library; needs `gcc`. */
  static async compile(): Promise<DiskLog> {
    const workspace = await Deno.makeTempDir({ prefix: "taskwire-power-" });
    const folder = join(workspace, "disk");
    await Deno.mkdir(folder);
    const source = fileURLToPath(new URL("disk_log.c", import.meta.url));
    const library = join(workspace, "disk_log.so");
    const { success, output } = await runTool("gcc", [
      ..."-shared -fPIC -O2 -Wall -Wextra -Werror -o".split(" "),
      ...[library, source, "-ldl", "-lpthread"],
    ]);
    if (!success) throw new Error(output);
    return new DiskLog(workspace, folder);
  }

  /**
   * Puts a disk in place for the next process.
   *
   * @returns The environment of the process to be recorded.
   */
  async insert(disk: Disk): Promise<Record<string, string>> {
    await Deno.remove(this.folder, { recursive: true });
    await Deno.mkdir(this.folder);
    for (const [name, bytes] of disk) {
      await Deno.writeFile(join(this.folder, name), bytes);
    }
    this.#records += 1;
    return {
      LD_PRELOAD: join(this.workspace, "disk_log.so"),
      DISK_LOG_FOLDER: this.folder,
      DISK_LOG_FILE: this.#file,
    };
  }

  /** Cuts the power: rebuilds the disk of a killed process, beginning with `before`. */
  async cut(before: Disk, fate: Fate): Promise<Disk> {
    const log = await Deno.readFile(this.#file);
    return replay(before, readOperations(log), fate);
  }

  get #file(): string {
    return join(this.workspace, `${this.#records}.log`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.workspace, { recursive: true });
  }
}

function* readOperations(log: Uint8Array): Generator<Operation> {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  for (let at = 0; at + headerBytes <= log.length;) {
    const length = Number(view.getBigUint64(at + 16, true));
    const start = at + headerBytes;
    // The kill can break off the last record: no caller awaited the operation.
    if (start + length > log.length) return;
    yield {
      kind: view.getUint32(at, true),
      file: view.getUint32(at + 4, true),
      value: Number(view.getBigUint64(at + 8, true)),
      data: log.subarray(start, start + length),
    };
    at = start + length;
  }
}

/** A file with the operations not yet flushed. */
class RecordedFile {
  #bytes: Uint8Array;
  #length: number;
  #pending: Operation[] = [];
  #appliedCount = 0;

  constructor(content: Uint8Array = new Uint8Array()) {
    this.#bytes = content.slice();
    this.#length = content.length;
  }

  /** The number of recorded operations. */
  get count(): number {
    return this.#appliedCount + this.#pending.length;
  }

  add(operation: Operation): void {
    this.#pending.push(operation);
  }

  /** Applies the first `count` operations, unless applied already. */
  flush(count: number): void {
    const unapplied = Math.max(0, count - this.#appliedCount);
    const flushed = this.#pending.splice(0, unapplied);
    for (const operation of flushed) this.#apply(operation, () => true);
    this.#appliedCount += flushed.length;
  }

  /** Applies pending operations sector by sector, as decided by fate. */
  cut(fate: Fate): void {
    for (const operation of this.#pending) this.#apply(operation, fate);
    this.#pending = [];
  }

  content(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #apply({ kind, value, data }: Operation, fate: Fate): void {
    if (kind === kinds.resized) {
      if (fate()) this.#resize(value);
      return;
    }
    for (let from = 0; from < data.length;) {
      const sectorEnd = sectorBytes - (value + from) % sectorBytes;
      const until = Math.min(data.length, from + sectorEnd);
      if (fate()) this.#write(value + from, data.subarray(from, until));
      from = until;
    }
  }

  #write(offset: number, data: Uint8Array): void {
    this.#resize(Math.max(this.#length, offset + data.length));
    this.#bytes.set(data, offset);
  }

  #resize(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    if (length < this.#length) this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }
}

/**
 * Rebuilds a disk: flushed operations, and unflushed operations as decided by
 * fate. A name is on the disk once the folder was flushed.
 */
export function replay(
  before: Disk,
  operations: Iterable<Operation>,
  fate: Fate,
): Disk {
  const files = new Map<number, RecordedFile>();
  const names = new Map(
    [...before].map(([name, bytes]) => [name, new RecordedFile(bytes)]),
  );
  let flushedNames = new Map(names);
  /** The state at the beginning of flushes under way, by number. */
  const flushes = new Map<number, () => void>();
  const text = new TextDecoder();

  for (const operation of operations) {
    const { kind, file: number, value, data } = operation;
    const file = files.get(number);
    switch (kind) {
      case kinds.opened: {
        const name = text.decode(data);
        const opened = names.get(name) ?? new RecordedFile();
        names.set(name, opened);
        files.set(number, opened);
        break;
      }
      case kinds.written:
      case kinds.resized:
        file?.add(operation);
        break;
      case kinds.flushing: {
        const current = new Map(names);
        const count = file?.count ?? 0;
        flushes.set(
          value,
          file ? () => file.flush(count) : () => flushedNames = current,
        );
        break;
      }
      case kinds.flushed:
        flushes.get(value)?.();
        flushes.delete(value);
        break;
      case kinds.unlinked:
        names.delete(text.decode(data));
        break;
      case kinds.renamed: {
        const [from = "", to = ""] = text.decode(data).split("\0");
        const moved = names.get(from);
        names.delete(from);
        if (moved) names.set(to, moved);
        break;
      }
    }
  }

  const kept = fate() ? names : flushedNames;
  return new Map(
    [...kept].map(([name, file]) => {
      file.cut(fate);
      return [name, file.content()];
    }),
  );
}
