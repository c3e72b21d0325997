import { shardCount } from "./keys.ts";
import { prelude, type RedisScript, script } from "../../redis/script.ts";

/**
 * The second part of all scripts of a task. `KEYS[10..12]` are the task's keys,
 * `ARGV[4]` is the task's id.
 */
const taskPrelude = `
local task, history, names = KEYS[10], KEYS[11], KEYS[12]
local id = ARGV[4]

-- Removes the task from the indexes; returns true if an index had the task.
local function unlist()
  local was = redis.call('ZREM', leases, id)
  for index = 4, 9 do was = was + redis.call('ZREM', KEYS[index], id) end
  return was > 0
end

-- Returns the task; an unknown task gets the epoch of a new history.
local function current()
  local found = redis.call('HMGET', task, 'epoch', 'rev', 'offset', 'run', 'status', 'lease', 'turn', 'until', 'kept')
  if not found[1] then
    -- If the task has expired, the new history needs another epoch.
    return { epoch = unlist() and renew() or newEpoch(), rev = '0', offset = '0', kept = 0 }
  end
  local this = { isKnown = true, epoch = found[1], rev = found[2], offset = found[3],
    status = found[5], lease = found[6], turn = found[7] or '', turnEnds = tonumber(found[8] or '0'),
    kept = tonumber(found[9] or '0') }
  if not isSame(found[4]) then
    redis.call('HSET', task, 'epoch', fresh, 'run', run)
    newEpoch()
    this.epoch = fresh
  end
  return this
end

-- The task's state as JSON.
local function stateOf(this)
  return this.isKnown and redis.call('HGET', task, 'state') or false
end

-- The number of the task's watchers on all nodes.
local function watchers()
  local sum = 0
  for _, node in ipairs(redis.call('SMEMBERS', nodes)) do
    sum = sum + (tonumber(redis.call('HGET', base .. 'w:' .. node, id) or '0'))
  end
  return sum
end

-- Publishes a message on the channels of all tasks and of topics, given by ARGV[first..last], the keys of the topics'
-- lists.
-- The message is made and sent only for subscribers: states are long, and replicas get all messages.
local function announceToTopics(channelBase, first, last, head, body)
  local channels = { channelBase .. 'all' }
  for index = first, last do channels[#channels + 1] = channelBase .. string.sub(ARGV[index], #base + 1) end
  local subscribers = redis.call('PUBSUB', 'NUMSUB', unpack(channels))
  for index = 2, #subscribers, 2 do
    if subscribers[index] > 0 then redis.call('PUBLISH', subscribers[index - 1], head .. body) end
  end
end
`;

/**
 * Commits changes applied by a node, if the task's revision is unchanged.
 *
 * `ARGV[5..]`: the expected `epoch:rev`; the task's lifetime, in ms; the most
 * events to keep; the task's channel; the new status, the end of the lease (`-`
 * for none) and the new state (`-` if unchanged); the node; the length of the
 * node's turn if the changes are outdated, in ms (0: no turn); the beginning of
 * the channels of topics; the number of the task's topics, and the keys of the
 * topics' lists; the number of `event_id`s; pairs of `event_id` and assumed
 * offset, 0 for none; then operations: offset (`-` for a change without an
 * event), `event_id` if given (otherwise empty), JSON of the event, head of the
 * announcement.
 *
 * Returns `stale`, epoch, rev, state, and the offset of each `event_id`; or
 * `wait` and the longest wait in ms, during the turn of another node; or
 * `done`, rev and the number of watchers.
 */
export const publishScript: RedisScript = script(
  prelude,
  taskPrelude,
  `
local expected, ttl, limit, channel = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local status, lease, after = ARGV[9], ARGV[10], ARGV[11]
local node, turnMs = ARGV[12], tonumber(ARGV[13])
local this = current()
local epoch, rev, offset = this.epoch, this.rev, this.offset
local now, tick = clock()

local isOthers = this.isKnown and this.turn ~= '' and this.turn ~= node
if isOthers and now < this.turnEnds then return { 'wait', this.turnEnds - now } end

-- Returns the offset of an event_id; an event without a given id is named by its position.
local function find(name)
  if not this.isKnown then return '0' end
  local named = redis.call('HGET', names, name)
  if named then return named end
  if string.sub(name, 1, #epoch + 1) ~= epoch .. ':' then return '0' end
  local place = string.match(name, '^[1-9]%d*$', #epoch + 2)
  if not place or #place > 15 then return '0' end
  local entry = redis.call('XRANGE', history, place .. '-0', place .. '-0')[1]
  if entry and #entry[2] == 2 then return place end
  return '0'
end

local lists = tonumber(ARGV[15])
local start = 16 + lists
local count = tonumber(ARGV[start])
local isStale = epoch .. ':' .. rev ~= expected
local places = {}
for index = 1, count do
  local name, assumed = ARGV[start - 1 + 2 * index], ARGV[start + 2 * index]
  places[index] = find(name)
  isStale = isStale or places[index] ~= assumed
end
if isStale then
  if this.isKnown and turnMs > 0 then
    redis.call('HSET', task, 'turn', node, 'until', whole(now + turnMs))
  end
  return { 'stale', epoch, rev, stateOf(this), unpack(places) }
end
if this.turn == node then redis.call('HSET', task, 'turn', '') end
if after == '-' then return { 'done', rev, 0 } end

if not this.isKnown then redis.call('DEL', history, names) end
local added, messages, hasNames = 0, {}, false
for at = start + 1 + 2 * count, #ARGV, 4 do
  local place, name, json, head = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if place == '-' then
    messages[#messages + 1] = head
  else
    added, offset = added + 1, place
    if name == '' then
      redis.call('XADD', history, place .. '-0', 'e', json)
    else
      redis.call('XADD', history, place .. '-0', 'e', json, 'n', name)
      redis.call('HSET', names, name, place)
      hasNames = true
    end
    messages[#messages + 1] = head .. '\\n' .. json
  end
end

local isListened = true

-- Called after all writes that Redis may refuse, for example without memory. Returns the number of watchers.
local function announce()
  if #messages == 0 then return 0 end -- a renewed lease does not change the snapshot
  for _, message in ipairs(messages) do redis.call('PUBLISH', channel, message) end
  local count = watchers()
  if isListened then
    announceToTopics(ARGV[14], 16, 15 + lists, '{"kind":"topic_changed","watchers":' .. count .. '}\\n', after)
  end
  return count
end

rev = whole(tonumber(rev) + 1)
redis.call('HSET', task, 'epoch', epoch, 'rev', rev, 'state', after, 'offset', offset,
  'status', status, 'lease', lease, 'run', run)
if added == 0 then
  if lease ~= '-' then redis.call('ZADD', leases, lease, id) end
  return { 'done', rev, announce() }
end

local excess = tonumber(offset) > limit and redis.call('XLEN', history) - limit or 0
if excess > 0 then
  for _, entry in ipairs(redis.call('XRANGE', history, '-', '+', 'COUNT', excess)) do
    if entry[2][4] and redis.call('HGET', names, entry[2][4]) == string.match(entry[1], '%d+') then
      redis.call('HDEL', names, entry[2][4])
    end
  end
  redis.call('XTRIM', history, 'MAXLEN', limit)
end

redis.call('PEXPIREAT', task, whole(now + ttl))
-- Other keys are kept for up to a tenth longer, which saves the cost at most events.
local isRenewed, kept = this.kept < now + ttl, whole(now + 1.1 * ttl)
if isRenewed then
  redis.call('HSET', task, 'kept', kept)
  redis.call('PEXPIREAT', history, kept)
end
if isRenewed or hasNames then redis.call('PEXPIREAT', names, kept) end

local last = redis.call('HMGET', shard, 'tick', 'listen')
isListened = tonumber(last[2] or '0') >= now
tick = math.max(tick, 1 + tonumber(last[1] or '0'))
redis.call('HSET', shard, 'tick', whole(tick))
if this.isKnown and this.status ~= status then redis.call('ZREM', base .. 'i:' .. this.status, id) end
local score = whole(tick * ${shardCount} + tonumber(string.match(base, '{(%d+)}:$')))
redis.call('ZADD', base .. 'i:' .. status, score, id)
for index = 16, 15 + lists do
  local list = ARGV[index]
  if not this.isKnown then
    -- Expired tasks leave the list in the course of time: two for each new task.
    local oldest = whole((tick - ttl * 100) * ${shardCount})
    for _, other in ipairs(redis.call('ZRANGEBYSCORE', list, '-inf', oldest, 'LIMIT', 0, 2)) do
      local its = redis.call('HGET', base .. 's:' .. other, 'status')
      its = its and redis.call('ZSCORE', base .. 'i:' .. its, other)
      -- A score can be outdated: see the list script.
      if its then redis.call('ZADD', list, its, other) else redis.call('ZREM', list, other) end
    end
  end
  redis.call('ZADD', list, score, id)
  if isRenewed then redis.call('PEXPIREAT', list, kept) end
end
if lease ~= '-' then redis.call('ZADD', leases, lease, id)
elseif this.isKnown and this.lease ~= '-' then redis.call('ZREM', leases, id) end
return { 'done', rev, announce() }
`,
);

/**
 * Reads a task. `ARGV[5..]`: the events to read: `none`, from the `oldest` on,
 * `after` a position, or `alone`: after a position, without state and watchers;
 * the position's epoch and offset; the most events (-1: all); the number of kept
 * events; the bytes of events after which to stop.
 *
 * Returns epoch, the newest offset, state, watchers, 1 if history reaches back
 * to the position (otherwise 0), and offset and JSON of each event.
 */
export const readScript: RedisScript = script(
  prelude,
  taskPrelude,
  `
local which, since, from = ARGV[5], ARGV[6], tonumber(ARGV[7])
local count, limit = tonumber(ARGV[8]), tonumber(ARGV[9])
local this = current()
local epoch = this.epoch
local answer = { epoch, this.offset, false, 0, 0 }
if which ~= 'alone' then answer[3], answer[4] = stateOf(this), watchers() end
local newest = tonumber(this.offset)
local kept = this.isKnown and math.min(limit, redis.call('XLEN', history)) or 0
local oldest = newest - kept
if which == 'oldest' then from = oldest
elseif which == 'none' or since ~= epoch then return answer end
if from < oldest or from > newest then return answer end
answer[5] = 1
if from == newest or count == 0 then return answer end
local left, bytes = count < 0 and kept or count, tonumber(ARGV[10])
-- Redis copies all requested entries, so only as many are requested as will likely fit.
local few = 1
while left > 0 and bytes > 0 do
  local start = whole(from + 1) .. '-0'
  local entries = redis.call('XRANGE', history, start, '+', 'COUNT', whole(math.min(left, few)))
  if #entries == 0 then break end
  local before = bytes
  for _, entry in ipairs(entries) do
    if bytes <= 0 then break end
    local place, json = string.match(entry[1], '%d+'), entry[2][2]
    answer[#answer + 1] = place
    answer[#answer + 1] = json
    from, left, bytes = tonumber(place), left - 1, bytes - #json
  end
  few = math.max(1, math.min(50, math.ceil(bytes * #entries / math.max(1, before - bytes))))
end
return answer
`,
);

/**
 * Deletes a task. `ARGV[5..]`: the task's channel, the announcement, the only
 * epoch to delete, the beginning of the channels of topics, the announcement for
 * topics, the keys of the topics' lists. Returns 1 if such a task existed.
 */
export const forgetScript: RedisScript = script(
  prelude,
  taskPrelude,
  `
local this = current()
if not this.isKnown or ARGV[7] ~= this.epoch then return 0 end
redis.call('DEL', task, history, names)
for index = 10, #ARGV do redis.call('ZREM', ARGV[index], id) end
unlist()
renew()
redis.call('PUBLISH', ARGV[5], ARGV[6])
announceToTopics(ARGV[8], 10, #ARGV, ARGV[9], '')
return 1
`,
);
