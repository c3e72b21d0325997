import { createHash } from "node:crypto";

/** A Lua script, which Redis runs atomically. */
export interface RedisScript {
  readonly text: string;
  /** SHA-1 of the text in hexadecimal, as used by `EVALSHA`. */
  readonly sha: string;
}

/** Joins parts to a script. */
export function script(...parts: readonly string[]): RedisScript {
  const text = parts.join("\n");
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/**
 * The beginning of all scripts of a shard.
 *
 * `KEYS[1..9]` are the shard's keys. `ARGV[1..3]`: the prefix of the keys; a
 * new epoch, used if needed; the present run of Redis, or `?` to find the run
 * (see `checkRedis`). If data was written in another run, the newest writes may
 * be lost, and their offsets would be used again: so the data gets a new epoch,
 * unless both runs are marked `+`, for lossless.
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

-- Returns the epoch of new histories.
local function newEpoch()
  local known = redis.call('HMGET', shard, 'epoch', 'run')
  if known[1] and isSame(known[2]) then return known[1] end
  return renew()
end

-- Returns milliseconds since 1970, and a count of 10 microseconds.
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
