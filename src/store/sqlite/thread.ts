/**
 * The module of a thread that works on the database, so that no commit and no
 * read of a history stops the event loop. Imports little, because each start of
 * a server starts the module.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { StoreOpenError } from "../../tasks/store.ts";
import { clearUnflushedMark } from "./power_loss.ts";
import { openDatabase } from "./schema.ts";
import { prepareStatements } from "./statements.ts";
import { TaskReader } from "./task_reader.ts";
import { checkpoint, TaskWriter } from "./task_writer.ts";
import { writeCopy } from "./write_copy.ts";
import type {
  CallMessage,
  OpenOptions,
  ReplyMessage,
  ThreadCalls,
  ThreadError,
} from "./thread_calls.ts";

/** The part used here of a thread's global scope. */
interface ThreadScope {
  onmessage: (message: MessageEvent<CallMessage>) => void;
  postMessage(message: ReplyMessage): void;
}

function openThread(options: OpenOptions): {
  readonly database: DatabaseSync;
  readonly writer: TaskWriter;
  readonly reader: TaskReader;
  readonly writes: boolean;
  readonly mayLackEvents: boolean;
} {
  const { path, sync, writes, historyLimit } = options;
  let mayLackEvents = false;
  const database = openDatabase(path, sync, {
    writes,
    onPowerLoss: () => mayLackEvents = true,
  });
  const statements = prepareStatements(database);
  return {
    database,
    writer: new TaskWriter(database, statements, historyLimit),
    reader: new TaskReader(database, statements, historyLimit),
    writes,
    mayLackEvents,
  };
}

let opened: ReturnType<typeof openThread> | undefined;

function open(): ReturnType<typeof openThread> {
  if (opened === undefined) throw new TypeError("The thread opened no file");
  return opened;
}

function close(): string | undefined {
  if (opened === undefined) return undefined;
  const { database, writes } = opened;
  try {
    if (writes) clearUnflushedMark(database);
    return undefined;
  } catch (error) {
    return describeError(error).message;
  } finally {
    database.close();
  }
}

const calls: ThreadCalls = {
  open(options) {
    opened = openThread(options);
    const { reader, mayLackEvents } = opened;
    return { ...reader.describe(), mayLackEvents };
  },
  commit: (group) => open().writer.commit(group),
  expire: (query) => open().writer.expire(query),
  checkpoint: () => checkpoint(open().database),
  load: ({ taskIds, maxNames }) => open().reader.load(taskIds, maxNames),
  findOffset: (query) => open().reader.findOffset(query),
  read: (query) => open().reader.read(query),
  list: (query) => open().reader.list(query),
  copy: (copyPath) => writeCopy(open().database, copyPath),
  close,
};

const scope = globalThis as unknown as ThreadScope;

scope.onmessage = ({ data: [call, method, argument] }) => {
  try {
    const run: (argument: never) => unknown = calls[method];
    scope.postMessage([call, run(argument as never)]);
  } catch (error) {
    scope.postMessage([call, undefined, describeError(error)]);
  }
};

/** Describes an error: the class of an error does not survive the copying. */
function describeError(error: unknown): ThreadError {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    message: error.message,
    ...("code" in error ? { code: String(error.code) } : {}),
    ...(error instanceof StoreOpenError ? { isOpenError: true } : {}),
  };
}
