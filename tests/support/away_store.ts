import type { Services } from "../../src/services.ts";
import { StoreDisconnectedError } from "../../src/tasks/store.ts";

/** A store that can't be reached until restored. */
export function awayStore() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isAway = false;
  const refuse = () => {
    if (isAway) throw new StoreDisconnectedError("away", promise);
  };
  const services = ({ store }: Services): Partial<Services> => ({
    store: {
      publish(...args) {
        refuse();
        return store.publish(...args);
      },
      publishAll: (...args) => store.publishAll(...args),
      // deno-lint-ignore require-await -- a store rejects, and doesn't throw
      async read(...args) {
        refuse();
        return store.read(...args);
      },
      // deno-lint-ignore require-await -- as above
      async readEvents(...args) {
        refuse();
        return store.readEvents(...args);
      },
      // deno-lint-ignore require-await -- as above
      async list(...args) {
        refuse();
        return store.list(...args);
      },
      watch: (...args) => store.watch(...args),
      forget: (...args) => store.forget(...args),
      follow: (...args) => store.follow(...args),
      close: () => store.close(),
    },
  });
  return {
    services,
    leave: () => isAway = true,
    restore() {
      isAway = false;
      resolve();
    },
  };
}
