-- A conversation as remembered: the hash of its state, and the list of its exchanges.
local state, exchanges, op = KEYS[1], KEYS[2], ARGV[1]
local asked = string.gsub(exchanges, '^hg:talk:(.*):exchanges$', 'hg:asked:%1:')

local ops = {}

function ops.recall()
  local facts = redis.call('HMGET', state, 'vault', 'epoch')
  return {'[' .. table.concat(redis.call('LRANGE', exchanges, 0, -1), ',') .. ']', facts[1], facts[2]}
end

-- fence, epoch, beginning and whole of the exchange, sealed vault, how many to keep, seconds; which answer it is and for
-- how many seconds to find it by the messages of the question, which follow. 0 where another worker has the conversation
-- by now, or something was erased since it was recalled.
function ops.remember(fence, epoch, beginning, exchange, vault, most, seconds, answer, answer_seconds)
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
  for i = 11, #ARGV do
    redis.call('SET', asked .. ARGV[i], answer, 'EX', answer_seconds)
  end
  return 1
end

-- Drops what was asked in a message; whoever recalled the conversation before remembers nothing of it any more.
-- epoch, message, what the vault is from now on, seconds; 0 where others erased meanwhile.
function ops.erase(epoch, message, vault, seconds)
  if tonumber(redis.call('HGET', state, 'epoch') or 0) ~= tonumber(epoch) then
    return 0
  end
  for _, exchange in ipairs(redis.call('LRANGE', exchanges, 0, -1)) do
    for _, id in ipairs(cjson.decode(exchange).messages) do
      if id == message then
        redis.call('LREM', exchanges, 0, exchange)
      end
    end
  end
  redis.call('DEL', asked .. message)
  redis.call('HSET', state, 'vault', vault)
  redis.call('HINCRBY', state, 'epoch', 1)
  redis.call('EXPIRE', state, seconds)
  return 1
end

-- Puts exchanges in the place of those that begin alike; whoever recalled the conversation before remembers nothing of it.
-- epoch, what the vault is from now on, seconds, then beginnings and wholes; 0 where others erased meanwhile.
function ops.swap(epoch, vault, seconds)
  if tonumber(redis.call('HGET', state, 'epoch') or 0) ~= tonumber(epoch) then
    return 0
  end
  for at, exchange in ipairs(redis.call('LRANGE', exchanges, 0, -1)) do
    for i = 5, #ARGV, 2 do
      if string.sub(exchange, 1, #ARGV[i]) == ARGV[i] then
        redis.call('LSET', exchanges, at - 1, ARGV[i + 1])
      end
    end
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

return ops[op](unpack(ARGV, 2))
