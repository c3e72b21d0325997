import { type RedisScript, script } from "../redis/script.ts";

/**
 * Sets the numbers of users' connections on a node, and returns the sums over all
 * other nodes.
 *
 * `KEYS`: the node's hash of users and counts; the set of nodes with a hash.
 * `ARGV`: the node; the prefix of the hashes; the lifetime of a hash without a
 * renewal, in ms; 1 to clear the node's hash first; then users and counts in
 * turns.
 *
 * Returns 1 if the node's hash existed (otherwise 0), then per user the sum over
 * the other nodes. All keys share a hash tag. The hashes of other nodes are found
 * through the set: Redis permits keys not named in `KEYS` if the tag is the same.
 */
export const tellUsersScript: RedisScript = script(`
local own, nodes = KEYS[1], KEYS[2]
local node, base, ttl = ARGV[1], ARGV[2], ARGV[3]
local existed = redis.call('EXISTS', own)
if ARGV[4] == '1' then redis.call('DEL', own) end

local users, answer = {}, { existed }
for at = 5, #ARGV, 2 do
  users[#users + 1] = ARGV[at]
  answer[#answer + 1] = 0
  if ARGV[at + 1] == '0' then
    redis.call('HDEL', own, ARGV[at])
  else
    redis.call('HSET', own, ARGV[at], ARGV[at + 1])
  end
end
if redis.call('EXISTS', own) == 1 then
  redis.call('SADD', nodes, node)
  redis.call('PEXPIRE', own, ttl)
  redis.call('PEXPIRE', nodes, ttl)
end

for _, other in ipairs(redis.call('SMEMBERS', nodes)) do
  if redis.call('EXISTS', base .. other) == 0 then
    redis.call('SREM', nodes, other)
  elseif other ~= node and #users > 0 then
    for at, count in ipairs(redis.call('HMGET', base .. other, unpack(users))) do
      answer[at + 1] = answer[at + 1] + (tonumber(count) or 0)
    end
  end
end
return answer
`);
