import { assertEquals } from "@std/assert";
import { published } from "../support/published.ts";
import { openRealtime, subscribe } from "../support/realtime.ts";
import { startTestServer } from "../support/server.ts";

for (const [sub, first] of [["7", "sync"], ["8", "error"]] as const) {
  Deno.test(`RealtimeSession sends user ${sub} nothing about user 7's task before checking the identity`, async () => {
    const joined = Promise.withResolvers<void>();
    const noticed = Promise.withResolvers<void>();
    let isSlow = false;
    await using server = await startTestServer({
      services: ({ store }) => ({
        store: {
          publish: (id, change) => store.publish(id, change),
          publishAll: (all) => store.publishAll(all),
          forget: (id) => store.forget(id),
          readEvents: (...args) => store.readEvents(...args),
          list: (query) => store.list(query),
          watch: (id, watchers) => store.watch(id, watchers),
          follow: (...args) => store.follow(...args),
          close: () => store.close(),
          async read(...args) {
            if (isSlow) {
              joined.resolve();
              await noticed.promise;
            }
            return await store.read(...args);
          },
        },
      }),
    });
    await published(server, "b", { user_id: "7" });
    await using socket = await openRealtime(server, "own", { sub });
    isSlow = true;
    const answering = subscribe(socket, "b");
    await joined.promise;
    await server.services.store.publish("b", { kind: "cancel" });
    noticed.resolve();
    assertEquals((await answering).type, first);
  });
}
