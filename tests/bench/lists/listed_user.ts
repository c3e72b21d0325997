import type { Frame } from "../../support/socket.ts";

/** The name of the list that is compared with the store. */
const listName = "mine";

/** The length of the window for counting frames, in milliseconds. */
const windowMs = 1_000;

/** A user's socket: folds the frames of a list into the list, as a page does. */
export class ListedUser {
  /** The tasks in the list, by id. */
  readonly tasks = new Map<string, Frame>();
  /** The number of `list_update` frames. */
  updates = 0;
  /** The most frames of one task within a second, without ends of tasks. */
  mostInWindow = 0;
  readonly #socket: WebSocket;
  /** The arrivals of the last frames per task, in milliseconds. */
  readonly #arrivalsMs = new Map<string, number[]>();
  #onList = (_name: string) => {};
  #onFault: (fault: Error) => void;

  private constructor(socket: WebSocket, onFault: (fault: Error) => void) {
    this.#socket = socket;
    this.#onFault = onFault;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => onFault(new Error(`Closed with ${code}`));
  }

  /** @param onFault Called if the socket ends, or receives an error. */
  static async open(
    url: string,
    onFault: (fault: Error) => void,
  ): Promise<ListedUser> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error("The socket did not open"));
    });
    return new ListedUser(socket, onFault);
  }

  /** Subscribes to the user's tasks; resolves with the `list` frame. */
  async list(name = listName): Promise<void> {
    const listed = new Promise<void>((resolve) => {
      this.#onList = (listed) => {
        if (listed === name) resolve();
      };
    });
    this.#send({ type: "subscribe_list", list: name, mine: true });
    await listed;
  }

  /** Ends a list. */
  unlist(name: string): void {
    this.#send({ type: "unsubscribe_list", list: name });
  }

  close(): void {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  #send(frame: Frame): void {
    this.#socket.send(JSON.stringify(frame));
  }

  #receive(frame: Frame): void {
    const { type, list } = frame;
    if (type === "error") {
      this.#onFault(new Error(JSON.stringify(frame)));
    } else if (type === "list") {
      if (frame.complete !== true) {
        this.#onFault(new Error("The list is not complete"));
      }
      if (list === listName) {
        this.tasks.clear();
        for (const task of frame.tasks as Frame[]) this.#set(task);
      }
      this.#onList(String(list));
    } else if (list !== listName) return;
    else if (type === "list_update") {
      const task = frame.task as Frame;
      this.updates += 1;
      this.#set(task);
      if (task.ended_at === undefined) this.#count(String(task.connection_id));
    } else if (type === "list_remove") {
      this.tasks.delete(String(frame.connection_id));
    }
  }

  #set(task: Frame): void {
    this.tasks.set(String(task.connection_id), task);
  }

  #count(taskId: string): void {
    const nowMs = performance.now();
    const arrivalsMs = (this.#arrivalsMs.get(taskId) ?? [])
      .filter((ms) => ms > nowMs - windowMs);
    arrivalsMs.push(nowMs);
    this.#arrivalsMs.set(taskId, arrivalsMs);
    this.mostInWindow = Math.max(this.mostInWindow, arrivalsMs.length);
  }
}
