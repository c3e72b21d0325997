import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ListingQuery } from "./thread_calls.ts";

/** A statement that lists tasks, and its first values. */
export interface PreparedListing {
  /**
   * Takes {@linkcode PreparedListing.values}, the number of the change to stay
   * below, and the most tasks.
   */
  readonly list: StatementSync;
  readonly values: readonly (string | number)[];
}

/** The statements that list tasks, one for each combination of conditions. */
export class Listings {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Returns the statement for a list. */
  prepare(
    { statuses, owner, labels, oldestKeptMs }: ListingQuery,
  ): PreparedListing {
    const conditions = ["updated_at_ms > ?"];
    const values: (string | number)[] = [oldestKeptMs];
    if (statuses !== null) {
      const marks = statuses.map(() => "?").join(", ");
      conditions.push(`status IN (${marks})`);
      values.push(...statuses);
    }
    if (owner !== null) {
      conditions.push("owner = ?");
      values.push(owner);
    }
    const [first, ...others] = labels;
    if (first !== undefined) {
      conditions.push("first.label = ?");
      values.push(first);
    }
    for (const label of others) {
      conditions.push(
        "EXISTS (SELECT 1 FROM labels WHERE label = ? AND task_id = tasks.id)",
      );
      values.push(label);
    }
    // A cross join looks up the label first.
    const source = first === undefined
      ? "tasks"
      : "labels AS first CROSS JOIN tasks ON tasks.id = first.task_id";
    return {
      list: this.#statement(`
        SELECT changed_at, state FROM ${source}
        WHERE ${conditions.join(" AND ")} AND changed_at < ?
        ORDER BY changed_at DESC LIMIT ?`),
      values,
    };
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
