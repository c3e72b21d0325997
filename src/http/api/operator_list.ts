import type { Config } from "../../config/config.ts";
import type { Connection } from "../../connections/connection.ts";
import { closeCodes } from "../../protocol/close_codes.ts";
import { TokenClock } from "../../realtime/token_clock.ts";
import type { ListQuery, Store } from "../../tasks/store.ts";
import { reaches } from "../../tasks/task_limits.ts";
import type { Topic } from "../../tasks/topic.ts";
import type { Hub } from "../../watch/hub.ts";
import { ListWatcher } from "../../watch/list_watcher.ts";
import type { Credential } from "../authorization.ts";

/** The parts of the server used by the lists of operators. */
export interface OperatorListContext {
  readonly config: Config;
  readonly store: Store;
  readonly hub: Hub;
}

/**
 * Sends an operator the tasks of a query, then the changes, as in the lists of
 * users (spec §1, 'Lists'). Tasks out of reach of the credential are left out. The
 * stream ends when the token expires, since a stream can't renew its token.
 *
 * @throws {StoreUnavailableError} If the store can't be read.
 */
export async function showOperatorList(
  connection: Connection,
  selection: Omit<ListQuery, "cursor">,
  credential: Credential,
  { config, store, hub }: OperatorListContext,
): Promise<void> {
  const clock = new TokenClock({
    onExpiring() {},
    onExpired() {
      connection.close(closeCodes.unauthorized, {
        code: "token_expired",
        message: "The token has expired: connect again with a new token",
      });
    },
  }, config.jwtLeewaySeconds * 1_000);
  const list = new ListWatcher({
    name: "tasks",
    topic: topicOf(selection),
    selection,
    store,
    hub,
    outlet: connection,
    isForOperator: true,
    mayWatch: (taskId, { labels }) => reaches(credential, taskId, labels),
  });
  connection.userId = credential.userId;
  connection.onEnd(() => {
    clock.stop();
    list.stop();
  });
  clock.watch(credential.expiresAtMs);
  await list.start();
}

/** Returns the smallest topic of all tasks of a query. */
function topicOf(
  { owner, labels: [label] = [] }: Omit<ListQuery, "cursor">,
): Topic {
  if (owner !== undefined) return `owner:${owner}`;
  return label === undefined ? "all" : `label:${label}`;
}
