import { shardCount } from "./keys.ts";
import { prelude, type RedisScript, script } from "../../redis/script.ts";

/** The tasks that a list script looks at, unless more are asked for. */
const maxLooked = 500;

/**
 * Lists tasks, newest change first. `ARGV[4..]`: the statuses, separated by
 * commas, or `-` for all; the score to stay below, `+inf` for all; the most
 * tasks; keys of lists that have the tasks.
 *
 * Returns the score below which to go on, empty at the end, then score and id of
 * each task. A call looks at a limited number of tasks, so that other calls do
 * not wait while rare tasks are searched among many: there may be fewer tasks
 * than asked for, though more follow.
 */
export const listScript: RedisScript = script(
  prelude,
  `
local count = tonumber(ARGV[6])
local pageLength = math.max(count, 20)
local most = math.max(count, ${maxLooked})

local isAsked, sources, length = {}, {}, 0
for index = 4, 9 do
  local status = string.sub(KEYS[index], #base + 3)
  if ARGV[4] == '-' or string.find(',' .. ARGV[4] .. ',', ',' .. status .. ',', 1, true) then
    isAsked[status] = true
    sources[#sources + 1] = KEYS[index]
    length = length + redis.call('ZCARD', KEYS[index])
  end
end
-- The tasks are found in the shortest list, or by status if these are fewer.
local isByStatus = true
local _, tick = clock()
for index = 7, #ARGV do
  -- Nodes of an earlier version give tasks a much lower score, the time of the first event.
  local outdated = redis.call('ZRANGEBYSCORE', ARGV[index], '-inf', whole(2 * tick), 'LIMIT', 0, most)
  for _, id in ipairs(outdated) do
    local status = redis.call('HGET', base .. 's:' .. id, 'status')
    local score = status and redis.call('ZSCORE', base .. 'i:' .. status, id)
    if score then redis.call('ZADD', ARGV[index], score, id) else redis.call('ZREM', ARGV[index], id) end
  end
  local size = redis.call('ZCARD', ARGV[index])
  if size <= length then sources, length, isByStatus = { ARGV[index] }, size, false end
end

local function isMeant(id, source)
  local status = redis.call('HGET', base .. 's:' .. id, 'status')
  -- An expired task stays in the index of the status until the next heartbeat.
  if not status and not isByStatus then redis.call('ZREM', source, id) end
  if not isAsked[status or ''] then return false end
  for index = 7, #ARGV do
    if ARGV[index] ~= source and not redis.call('ZSCORE', ARGV[index], id) then return false end
  end
  return true
end

local found, rest = {}, -1
for _, source in ipairs(sources) do
  local below, taken, looked = ARGV[5], 0, 0
  while taken < count do
    local page = redis.call('ZREVRANGEBYSCORE', source, '(' .. below, '-inf', 'WITHSCORES', 'LIMIT', 0, pageLength)
    if #page == 0 then break end
    for at = 1, #page, 2 do
      if taken < count then
        below = page[at + 1]
        if isMeant(page[at], source) then
          taken = taken + 1
          found[#found + 1] = { tonumber(below), page[at] }
        end
      end
    end
    looked = looked + #page / 2
    if looked >= most then
      rest = math.max(rest, tonumber(below))
      break
    end
  end
end
table.sort(found, function(one, other) return one[1] > other[1] end)
local answer = { rest < 0 and '' or whole(rest) }
for index = 1, math.min(count, #found) do
  -- Of a source that was left early, tasks with a lower score are not known yet.
  if found[index][1] < rest then break end
  answer[#answer + 1] = whole(found[index][1])
  answer[#answer + 1] = found[index][2]
end
return answer
`,
);

/**
 * Lets publishers ask for subscribers of topics, which is a considerable part of
 * an event's cost. A node whose heartbeats end is no longer known, and then
 * announces that messages may be lost; publishers ask for longer than that.
 */
const listenPrelude = `
local function listen(patience)
  redis.call('HSET', shard, 'listen', whole(clock() + 2 * tonumber(patience)))
end
`;

/**
 * The heartbeat of a node in a shard, which also finds expired leases and
 * expired tasks.
 *
 * `ARGV[4..]`: the node; the lifetime of a heartbeat, in ms; the time for which
 * an expired lease belongs to the node, in ms; the lifetime of tasks, in ms;
 * the most work; 1 to clear the node's numbers of watchers first; 1 if the node
 * listens to topics. Returns 1 if the node was known (otherwise 0), the time in
 * ms since 1970, and the tasks with expired leases.
 */
export const heartbeatScript: RedisScript = script(
  prelude,
  listenPrelude,
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
if ARGV[10] == '1' then listen(patience) end
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
 * Makes events announced to topics in a shard. `ARGV[4]`: the lifetime of a
 * heartbeat, in ms.
 */
export const listenScript: RedisScript = script(
  prelude,
  listenPrelude,
  "listen(ARGV[4])",
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
