import {
  type AuthFrame,
  connect,
  type ConnectionState,
  type ConnectOptions,
  type ErrorFrame,
  type TaskUpdate,
  TaskwireError,
} from "../../src/client/mod.ts";

/** A client whose notices are kept, and can be waited for. */
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

  /** Waits until something has been noticed. */
  async until(condition: (client: this) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** The names of the states so far. */
  get stateNames(): string[] {
    return this.states.map(({ state }) => state);
  }

  /** Waits until a connection has been closed so many times for good. */
  async closed(times = 1): Promise<void> {
    await this.until(({ stateNames }) =>
      stateNames.filter((state) => state === "closed").length === times
    );
  }
}

/** An update in short: its offset, `sync@offset`, or its type. */
export function brief(update: TaskUpdate): string | number {
  if (update.type === "task") return update.offset;
  return update.type === "sync" ? `sync@${update.offset}` : update.type;
}

/** What a watch yields to its end, in short, with the code of its error last. */
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
