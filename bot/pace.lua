-- Places in queues, by the generic cell rate algorithm: each key holds the time, in milliseconds, at which its queue is
-- empty again. A place is taken in all queues or in none.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local AHEAD = 60 * 60 * 1000 -- a clock that went back must not stop us for longer than this

local function empty_at(key)
  local at = tonumber(redis.call('GET', key) or now)
  return (at < now or at > now + AHEAD) and now or at
end

local ops = {}

-- The most milliseconds to wait, then milliseconds per call and burst of each queue; -1 if it would take longer.
function ops.claim(within)
  local wait = 0
  for i, key in ipairs(KEYS) do
    local each, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
    wait = math.max(wait, empty_at(key) - now - (burst - 1) * each)
  end
  if wait > tonumber(within) then
    return -1
  end
  for i, key in ipairs(KEYS) do
    local at = math.max(empty_at(key), now + wait) + tonumber(ARGV[2 * i + 1])
    redis.call('SET', key, string.format('%.0f', at), 'PX', math.max(1, at - now))
  end
  return math.ceil(wait)
end

-- No place for so many milliseconds; then milliseconds per call and burst.
function ops.hold(milliseconds, each, burst)
  local at = now + tonumber(milliseconds) + (tonumber(burst) - 1) * tonumber(each)
  if at > empty_at(KEYS[1]) then
    redis.call('SET', KEYS[1], string.format('%.0f', at), 'PX', at - now)
  end
  return 1
end

return ops[ARGV[1]](unpack(ARGV, 2))
