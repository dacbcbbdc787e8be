-- A conversation as remembered. KEYS[1] is the hash of its state; ARGV[2] names the list of its exchanges, in one slot.
local state, exchanges, op = KEYS[1], ARGV[2], ARGV[1]

local ops = {}

function ops.recall()
  local facts = redis.call('HMGET', state, 'vault', 'epoch')
  return {'[' .. table.concat(redis.call('LRANGE', exchanges, 0, -1), ',') .. ']', facts[1], facts[2]}
end

-- fence, epoch, beginning and whole of the exchange, sealed vault, how many to keep, seconds; 0 where another worker
-- has the conversation by now, or something was erased since it was recalled.
function ops.remember(fence, epoch, beginning, exchange, vault, most, seconds)
  local facts = redis.call('HMGET', state, 'fence', 'epoch')
  if tonumber(facts[1] or 0) > tonumber(fence) or tonumber(facts[2] or 0) ~= tonumber(epoch) then
    return 0
  end
  local last = redis.call('LINDEX', exchanges, -1)
  if last and string.sub(last, 1, #beginning) == beginning then
    redis.call('LSET', exchanges, -1, exchange)
  else
    redis.call('RPUSH', exchanges, exchange)
    redis.call('LTRIM', exchanges, -most, -1)
  end
  redis.call('HSET', state, 'vault', vault, 'fence', fence)
  redis.call('EXPIRE', exchanges, seconds)
  redis.call('EXPIRE', state, seconds)
  return 1
end

-- epoch, what the vault is from now on, seconds, then the exchanges to drop: only if nobody else erased meanwhile.
function ops.erase(epoch, vault, seconds)
  if tonumber(redis.call('HGET', state, 'epoch') or 0) ~= tonumber(epoch) then
    return 0
  end
  for i = 6, #ARGV do
    redis.call('LREM', exchanges, 0, ARGV[i])
  end
  redis.call('HSET', state, 'vault', vault)
  redis.call('HINCRBY', state, 'epoch', 1)
  redis.call('EXPIRE', state, seconds)
  return 1
end

function ops.reset(seconds)
  local had = redis.call('DEL', exchanges)
  redis.call('HDEL', state, 'vault')
  redis.call('HINCRBY', state, 'epoch', 1)
  redis.call('EXPIRE', state, seconds)
  return had
end

return ops[op](unpack(ARGV, 3))
