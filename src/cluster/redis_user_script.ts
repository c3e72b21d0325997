import { type RedisScript, script } from "../redis/script.ts";

/**
 * Tells how many connections users have on a node, and learns how many they
 * have on the others.
 *
 * `KEYS`: the node's own hash of users and counts; the set of nodes that have
 * one. `ARGV`: the node; what the names of these hashes begin with; how long
 * they live without being told anew, in ms; 1 to forget what was told before;
 * then users and counts by turns.
 *
 * Returns 1 where the node's hash was there (else 0), and for each user the sum
 * of the other nodes. All keys are of one hash tag; those of other nodes are
 * found by the set, which a script may do for keys of its own tag.
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
