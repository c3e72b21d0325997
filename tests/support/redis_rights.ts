/**
 * The commands that a user of Redis needs, as `guide/scaling.md` lists them. In a
 * Cluster `cluster|slots` besides, and `select` for another database than 0.
 */
export const redisCommands: readonly string[] = [
  // To see whether Redis keeps what it acknowledges; done without, it is not trusted to.
  "config|get",
  ...["info", "subscribe", "unsubscribe", "publish"],
  ...["eval", "evalsha", "time"],
  ...["del", "exists", "pexpire", "pexpireat", "pttl"],
  ...["hdel", "hexists", "hget", "hmget", "hset"],
  ...["sadd", "scard", "smembers", "srem"],
  ...["zadd", "zrangebyscore", "zrem", "zrevrangebyscore"],
  ...["xadd", "xlen", "xrange", "xtrim"],
];

/** As an ACL file and `ACL SETUSER` take them, with the keys and channels under a prefix. */
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
