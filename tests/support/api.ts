import type { Payload } from "djwt";
import { createApp } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { createServices } from "../../src/create_services.ts";
import type { Services } from "../../src/services.ts";
import type { EventDraft } from "../../src/tasks/draft.ts";
import { type Answer, answerOf } from "./answer.ts";
import { testApiKey, testConfig } from "./server.ts";
import { signToken } from "./tokens.ts";

/** The HTTP API without a server. */
export interface Api {
  readonly services: Services;
  /** `GET /api/tasks` and the like; with the API key unless told otherwise. */
  call(request: string, init?: RequestInit & { key?: string }): Promise<Answer>;
  /** Stores events. Fails if an event is refused. */
  put(taskId: string, ...drafts: readonly EventDraft[]): Promise<void>;
}

export async function makeApi(
  config: Partial<Config> = {},
  replaced: (services: Services) => Partial<Services> = () => ({}),
): Promise<Api> {
  const made = await createServices(testConfig(config));
  const services = { ...made, ...replaced(made) };
  const app = createApp(services);
  return {
    services,
    call(request, { key = testApiKey, ...init } = {}) {
      const [method = "", path = ""] = request.split(/ (.*)/);
      const headers = key === "" ? {} : { Authorization: `Bearer ${key}` };
      const answer = app.request(
        path,
        { method, headers, ...init },
        // As `Deno.serve` passes the address.
        { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 } },
      );
      return answerOf(answer);
    },
    async put(taskId, ...drafts) {
      for (const draft of drafts) {
        const { kind } = await services.store.publish(taskId, draft);
        if (kind !== "stored") throw new Error(kind);
      }
    },
  };
}

/** Signs a JWT with the given scopes. */
export function scoped(scope: string, claims: Payload = {}): Promise<string> {
  return signToken({ sub: "42", scope, ...claims });
}
