import { shardCount } from "./keys.ts";
import { prelude, type RedisScript, script } from "../../redis/script.ts";

/**
 * `ARGV[4..]`: the statuses, separated by commas, or `-` for all; the score to stay below, `+inf` for
 * all; the most tasks; keys of lists that have the tasks. Returns score and id
 * of each task, newest change first.
 */
export const listScript: RedisScript = script(
  prelude,
  `
local count = tonumber(ARGV[6])
local found = {}
local function isAsked(status)
  return ARGV[4] == '-' or string.find(',' .. ARGV[4] .. ',', ',' .. status .. ',', 1, true)
end
if ARGV[7] then
  local before = ARGV[5] == '+inf' and math.huge or tonumber(ARGV[5])
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', ARGV[7], '-inf', '+inf')) do
    local status = redis.call('HGET', base .. 's:' .. id, 'status')
    if not status then redis.call('ZREM', ARGV[7], id) end
    local isMeant = status and isAsked(status)
    for index = 8, #ARGV do
      isMeant = isMeant and redis.call('ZSCORE', ARGV[index], id)
    end
    local score = isMeant and tonumber(redis.call('ZSCORE', base .. 'i:' .. status, id))
    if score and score < before then found[#found + 1] = { score, id } end
  end
end
for index = 4, ARGV[7] and 3 or 9 do
  local key, below, taken = KEYS[index], '(' .. ARGV[5], 0
  local isMeant = isAsked(string.sub(key, #base + 3))
  while isMeant and taken < count do
    local page = redis.call('ZREVRANGEBYSCORE', key, below, '-inf', 'WITHSCORES', 'LIMIT', 0, count)
    if #page == 0 then break end
    for at = 1, #page, 2 do
      below = '(' .. page[at + 1]
      -- An expired task stays in the index until the next heartbeat.
      if taken < count and redis.call('EXISTS', base .. 's:' .. page[at]) == 1 then
        taken = taken + 1
        found[#found + 1] = { tonumber(page[at + 1]), page[at] }
      end
    end
  end
end
table.sort(found, function(one, other) return one[1] > other[1] end)
local answer = {}
for index = 1, math.min(count, #found) do
  answer[#answer + 1] = whole(found[index][1])
  answer[#answer + 1] = found[index][2]
end
return answer
`,
);

/**
 * The heartbeat of a node in a shard, which also finds expired leases and
 * expired tasks.
 *
 * `ARGV[4..]`: the node; the lifetime of a heartbeat, in ms; the time for which
 * an expired lease belongs to the node, in ms; the lifetime of tasks, in ms;
 * the most work; 1 to clear the node's numbers of watchers first. Returns 1 if
 * the node was known (otherwise 0), the time in ms since 1970, and the tasks
 * with expired leases.
 */
export const heartbeatScript: RedisScript = script(
  prelude,
  `
local node, patience, claim, ttl, count = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local own = base .. 'w:' .. node
local now, tick = clock()
if ARGV[9] == '1' then redis.call('DEL', own) end
-- Absent after a flush, even if numbers of watchers were written since.
local answer = { redis.call('HEXISTS', own, ''), whole(now) }
redis.call('SADD', nodes, node)
redis.call('HSET', own, '', 0)
redis.call('PEXPIRE', own, patience)
redis.call('PEXPIRE', base .. 'u:' .. node, patience)
for _, other in ipairs(redis.call('SMEMBERS', nodes)) do
  if redis.call('EXISTS', base .. 'w:' .. other) == 0 then redis.call('SREM', nodes, other) end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', whole(now), 'LIMIT', 0, count)) do
  redis.call('ZADD', leases, whole(now + claim), id)
  answer[#answer + 1] = id
end

local isAnyOver = false
local oldest = whole((tick - ttl * 100) * ${shardCount})
for index = 4, 9 do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[index], '-inf', oldest, 'LIMIT', 0, count)) do
    if redis.call('EXISTS', base .. 's:' .. id) == 0 then
      redis.call('ZREM', KEYS[index], id)
      redis.call('ZREM', leases, id)
      isAnyOver = true
    end
  end
end
if isAnyOver then renew() end
return answer
`,
);

/**
 * Sets the number of a task's watchers on a node. `KEYS[1]`: the node's hash.
 * `ARGV`: the task, the number, and the lifetime of a new hash in ms.
 */
export const tellScript: RedisScript = script(`
if ARGV[2] == '0' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
if redis.call('PTTL', KEYS[1]) == -1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
`);

/** Removes a node. `KEYS`: the nodes, and keys of the node `ARGV[1]`. */
export const leaveScript: RedisScript = script(`
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('DEL', unpack(KEYS, 2))
`);
