import { createHash } from "node:crypto";

/** A Lua script that Redis runs as one step: nothing else happens meanwhile. */
export interface RedisScript {
  readonly text: string;
  /** SHA-1 of the text, in hexadecimal: how `EVALSHA` names it. */
  readonly sha: string;
}

/** Makes a script of parts, one after the other. */
export function script(...parts: readonly string[]): RedisScript {
  const text = parts.join("\n");
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/**
 * What every script of a part begins with.
 *
 * `KEYS[1..9]` are those of the part, `ARGV[1..3]`: what its keys begin with; a
 * new epoch, should one be needed; in which run of Redis this happens, `?` for
 * 'find out' (see `checkRedis`). Where the run is another than that in which
 * something was written, the end of what was written may have been lost, and its
 * offsets would be given again: so it gets another epoch; except where both are
 * marked `+`, as losing nothing.
 */
export const prelude = `
local shard, leases, nodes = KEYS[1], KEYS[2], KEYS[3]
local base, fresh, run = ARGV[1], ARGV[2], ARGV[3]
if run == '?' then
  run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
end

local function isSame(other)
  if not other then return false end
  if string.match(other, '^[^+]*') == string.match(run, '^[^+]*') then return true end
  return string.sub(other, -1) == '+' and string.sub(run, -1) == '+'
end

local function renew()
  redis.call('HSET', shard, 'epoch', fresh, 'run', run)
  return fresh
end

-- The epoch of histories that begin now.
local function newEpoch()
  local known = redis.call('HMGET', shard, 'epoch', 'run')
  if known[1] and isSame(known[2]) then return known[1] end
  return renew()
end

-- Milliseconds since 1970, and a count of 10 microseconds.
local function clock()
  local time = redis.call('TIME')
  local seconds, micros = tonumber(time[1]), tonumber(time[2])
  return seconds * 1000 + math.floor(micros / 1000),
    seconds * 100000 + math.floor(micros / 10)
end

local function whole(number)
  return string.format('%.0f', number)
end
`;
