import {
  type AuthFrame,
  connect,
  type ConnectionState,
  type ConnectOptions,
  type ErrorFrame,
  type TaskUpdate,
  TaskwireError,
} from "../../src/client/mod.ts";

/** A client with recorded, awaitable notices. */
export class WatchingClient {
  readonly states: ConnectionState[] = [];
  readonly errors: ErrorFrame[] = [];
  readonly identities: AuthFrame[] = [];
  readonly client: ReturnType<typeof connect>;
  #wake = () => {};

  constructor(url: string, options: ConnectOptions = {}) {
    const keep = <T>(list: T[]) => (item: T) => {
      list.push(item);
      this.#wake();
    };
    this.client = connect(url, {
      onState: keep(this.states),
      onError: keep(this.errors),
      onConnected: keep(this.identities),
      ...options,
    });
  }

  /** Waits for a condition. */
  async until(condition: (client: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The names of the states until now. */
  get stateNames(): string[] {
    return this.states.map(({ state }) => state);
  }

  /** Waits until connections have been closed for good a number of times. */
  async closed(times = 1): Promise<void> {
    await this.until(({ stateNames }) =>
      stateNames.filter((state) => state === "closed").length === times
    );
  }
}

/** Describes an update in short: the offset, `sync@offset`, or the type. */
export function brief(update: TaskUpdate): string | number {
  if (update.type === "task") return update.offset;
  return update.type === "sync" ? `sync@${update.offset}` : update.type;
}

/** Lists a watch's updates to the end, in short, with the error code last. */
export async function outcomeOf(
  watch: AsyncIterable<TaskUpdate>,
): Promise<(string | number)[]> {
  const seen: (string | number)[] = [];
  try {
    for await (const update of watch) seen.push(brief(update));
  } catch (error) {
    if (!(error instanceof TaskwireError)) throw error;
    seen.push(`${error.code} ${error.closeCode ?? ""}`.trim());
  }
  return seen;
}
