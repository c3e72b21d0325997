/**
 * The commands needed by a Redis user, as listed in `guide/scaling.md`. A
 * Cluster also needs `cluster|slots`, and a database other than 0 `select`.
 */
export const redisCommands: readonly string[] = [
  // To check if Redis keeps acknowledged writes. Without the right, taskwire
  // assumes a Redis that may lose writes.
  "config|get",
  ...["info", "subscribe", "unsubscribe", "publish", "pubsub|numsub"],
  ...["eval", "evalsha", "time"],
  ...["del", "exists", "pexpire", "pexpireat", "pttl"],
  ...["hdel", "hexists", "hget", "hmget", "hset"],
  ...["sadd", "scard", "smembers", "srem"],
  ...["zadd", "zcard", "zrangebyscore", "zrem", "zrevrangebyscore", "zscore"],
  ...["xadd", "xlen", "xrange", "xtrim"],
];

/**
 * Formats the commands for an ACL file or `ACL SETUSER`, with the keys and
 * channels under a prefix.
 */
export function redisRights(
  prefix: string,
  commands: readonly string[] = redisCommands,
): string[] {
  return [
    `~${prefix}*`,
    `&${prefix}*`,
    ...commands.map((command) => `+${command}`),
  ];
}
