import { mayList } from "../auth/access.ts";
import type { Identity } from "../auth/identity.ts";
import type { Connection } from "../connections/connection.ts";
import { listBounds } from "../protocol/client_frames.ts";
import { encodeError } from "../protocol/server_frames.ts";
import type { Status } from "../tasks/status.ts";
import type { Store, TaskAudience } from "../tasks/store.ts";
import { type Topic, topicsOf } from "../tasks/topic.ts";
import type { Hub } from "../watch/hub.ts";
import { ListWatcher, type ListWatcherOptions } from "../watch/list_watcher.ts";
import { forbiddenList, withRetry } from "./session_errors.ts";

/** The most lists of a socket. */
const maxLists = 10;

/** A client's request for a list (spec §1, 'Lists'). */
export interface ListRequest {
  /** The client's name of the list. */
  readonly list: string;
  /** Either `mine` or `labels` is given. */
  readonly mine?: true | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly status?: readonly Status[] | undefined;
  readonly limit?: number | undefined;
}

/** The parts of the server used by lists. */
export interface ListsContext {
  readonly hub: Hub;
  readonly store: Pick<Store, "list" | "read">;
}

/** The client behind the lists of a connection. */
export interface ListsUser {
  readonly identity: Identity;
  mayWatch(taskId: string, task: TaskAudience): boolean;
}

/** A list with the request, judged again if the identity changes. */
interface OpenList {
  readonly request: ListRequest;
  readonly live: ListWatcher;
}

/** The lists of a connection, until the end of the connection. */
export class Lists {
  readonly #connection: Connection;
  readonly #services: ListsContext;
  readonly #user: ListsUser;
  readonly #lists = new Map<string, OpenList>();

  constructor(
    connection: Connection,
    services: ListsContext,
    user: ListsUser,
  ) {
    this.#connection = connection;
    this.#services = services;
    this.#user = user;
    connection.onEnd(() => {
      for (const name of [...this.#lists.keys()]) this.end(name);
    });
  }

  /**
   * Sends a list, then the changes; replaces an earlier list of the same name.
   *
   * @throws {StoreUnavailableError} If the store can't be read.
   */
  async open(request: ListRequest): Promise<void> {
    const { list: name } = request;
    if (!this.#lists.has(name) && this.#lists.size >= maxLists) {
      this.#connection.send(encodeError({
        code: "too_many_lists",
        message:
          `A socket can have at most ${maxLists} lists: end some lists with unsubscribe_list, or open another socket`,
        list: name,
      }));
      return;
    }
    const before = this.#lists.get(name)?.live;
    this.end(name);
    if (!this.#mayHave(request)) return this.#refuse(request);
    const { hub, store } = this.#services;
    const { topics, selection } = select(request, this.#user.identity);
    const live = new ListWatcher({
      name,
      topic: hub.lists.leastFollowed(topics),
      selection,
      store,
      hub,
      outlet: this.#connection,
      mayWatch: (taskId, task) => this.#user.mayWatch(taskId, task),
    }, before);
    this.#lists.set(name, { request, live });
    await live.start();
  }

  /** Ends a list, if present. */
  end(name: string): void {
    this.#lists.get(name)?.live.stop();
    this.#lists.delete(name);
  }

  /**
   * Judges all lists by the client's new identity: takes away the tasks that the
   * client may not watch any more, and forbidden lists. The remaining lists are
   * stopped until {@linkcode Lists.reopen}.
   */
  recheckAccess(): void {
    for (const [name, { request, live }] of this.#lists) {
      live.stop();
      if (this.#mayHave(request)) live.removeForbidden();
      else {
        live.removeAll();
        this.#lists.delete(name);
        this.#refuse(request);
      }
    }
  }

  /**
   * Begins all stopped lists anew, one after the other: a client that changes its
   * identity again and again has one list at a time read.
   *
   * @throws {StoreUnavailableError} If the store can't be read.
   */
  async reopen(): Promise<void> {
    for (const { request, live } of [...this.#lists.values()]) {
      // Meanwhile the list may have been ended or replaced.
      const isCurrent = this.#lists.get(request.list)?.live === live;
      if (!isCurrent || !live.isStopped) continue;
      await this.open(request);
      await this.#connection.writable();
    }
  }

  #mayHave({ labels = [] }: ListRequest): boolean {
    return mayList(this.#user.identity, labels);
  }

  #refuse(request: ListRequest): void {
    const refusal = withRetry(forbiddenList(request), this.#user.identity);
    this.#connection.send(encodeError(refusal));
  }
}

/** A list of the store, and the topics of all its tasks. */
interface Selected extends Pick<ListWatcherOptions, "selection"> {
  readonly topics: readonly [Topic, ...Topic[]];
}

function select(
  { labels = [], status, limit = listBounds.defaultLimit }: ListRequest,
  { userId: owner }: Identity,
): Selected {
  const selection = {
    limit,
    ...(status ? { statuses: [...new Set(status)] } : {}),
  };
  const [first, ...others] = topicsOf({ labels });
  return first
    ? { topics: [first, ...others], selection: { ...selection, labels } }
    : { topics: [`owner:${owner}`], selection: { ...selection, owner } };
}
