-- The inbox, whole. Each operation is atomic; every key begins with KEYS[1], so that all share one hash slot.
--
--   seen:ID       which events and messages came already        text:CONVERSATION  hash: message → "person\nsealed text"
--   mail:CONV.    sorted set: messages by the platform's time   turn:CONVERSATION  hash: the turn that waits or runs
--   ready         sorted set: conversations in line             running            sorted set: leases by their end
--   later         sorted set: conversations put off             load               hash: open messages per person
--   bell          list: wakes one idle worker per item          parked, parked:ID  what failed too often
local root, op = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local MINUTE = 60000
local KEEP = 7 * 24 * 60 * MINUTE -- what waits longer than a week is not wanted any more
local LINE = 30 * 24 * 60 * MINUTE -- the line itself outlives what stands in it
local BELLS = 100

local function key(name, conversation)
  return root .. name .. ':' .. conversation
end

local function number(value)
  return string.format('%.0f', value)
end

local function person_of(text)
  return string.match(text or '', '^[^\n]*')
end

local function count(person, by)
  for _, name in ipairs({person, '*'}) do
    if redis.call('HINCRBY', root .. 'load', name, by) <= 0 then
      redis.call('HDEL', root .. 'load', name)
    end
  end
end

local function ring()
  redis.call('RPUSH', root .. 'bell', 1)
  redis.call('LTRIM', root .. 'bell', -BELLS, -1)
  redis.call('PEXPIRE', root .. 'bell', KEEP)
end

local function first_person(conversation)
  local batch = redis.call('HGET', key('turn', conversation), 'batch')
  local id = batch and cjson.decode(batch)[1] or redis.call('ZRANGE', key('mail', conversation), 0, 0)[1]
  return id and person_of(redis.call('HGET', key('text', conversation), id)) or ''
end

-- Puts a conversation in line: every other question that its person has open counts like a minute of waiting.
local function line_up(conversation)
  local open = tonumber(redis.call('HGET', root .. 'load', first_person(conversation)) or 1)
  redis.call('ZADD', root .. 'ready', number(now + (open - 1) * MINUTE), conversation)
  redis.call('HSETNX', key('turn', conversation), 'since', number(now))
  redis.call('PEXPIRE', key('turn', conversation), KEEP)
  redis.call('PEXPIRE', root .. 'ready', LINE)
  redis.call('PEXPIRE', root .. 'load', LINE)
  ring()
end

local function holds(conversation, fence)
  return redis.call('HGET', key('turn', conversation), 'fence') == fence
end

-- A fence is larger than all before, also after a failover that lost the last one.
local function lease(conversation, milliseconds)
  local fence = number(math.max(now, tonumber(redis.call('GET', root .. 'fence') or 0) + 1))
  redis.call('SET', root .. 'fence', fence, 'PX', LINE)
  redis.call('HSET', key('turn', conversation), 'fence', fence)
  redis.call('ZADD', root .. 'running', number(now + milliseconds), conversation)
  redis.call('PEXPIRE', root .. 'running', LINE)
  return fence
end

local function posted(conversation)
  local found = {}
  local fields = redis.call('HGETALL', key('turn', conversation))
  for i = 1, #fields, 2 do
    local part = string.match(fields[i], '^post:(%d+)$')
    if part then
      found[#found + 1] = part
      found[#found + 1] = fields[i + 1]
    end
  end
  return found
end

local function texts(conversation, ids)
  local found = {}
  for _, id in ipairs(ids) do
    local text = redis.call('HGET', key('text', conversation), id)
    if text then
      found[#found + 1] = text
    end
  end
  return found
end

-- What one turn answers: as once begun, else the waiting messages up to the first one of another person.
local function batch(conversation, most)
  local begun = redis.call('HGET', key('turn', conversation), 'batch')
  if begun then
    return cjson.decode(begun)
  end
  local ids = {}
  local person
  for _, id in ipairs(redis.call('ZRANGE', key('mail', conversation), 0, most - 1)) do
    local of = person_of(redis.call('HGET', key('text', conversation), id))
    person = person or of
    if of ~= person then
      break
    end
    ids[#ids + 1] = id
  end
  return ids
end

local function forget(conversation)
  for _, line in ipairs({'ready', 'later', 'running'}) do
    redis.call('ZREM', root .. line, conversation)
  end
  redis.call('DEL', key('turn', conversation))
end

local function all_new(mark, seconds, first, last)
  local new = true
  for i = first, last do
    local earlier = redis.call('SET', root .. 'seen:' .. ARGV[i], mark, 'NX', 'GET', 'EX', seconds)
    new = new and not earlier
  end
  return new
end

local ops = {}

-- conversation, message, sent at, text, mark, seconds, most per conversation, per person, of all, then what to see once
function ops.accept(conversation, id, sent, text, mark, seconds, per_conversation, per_person, of_all)
  if redis.call('GET', root .. 'seen:' .. ARGV[11]) == mark then
    return 'taken' -- this very call, repeated after its answer was lost
  end
  if not all_new(mark, seconds, 11, #ARGV) then
    return 'seen'
  end
  local mail, person = key('mail', conversation), person_of(text)
  local open = redis.call('HMGET', root .. 'load', person, '*')
  if redis.call('ZCARD', mail) >= tonumber(per_conversation) or tonumber(open[1] or 0) >= tonumber(per_person)
    or tonumber(open[2] or 0) >= tonumber(of_all) then
    return 'full'
  end
  redis.call('ZADD', mail, sent, id)
  redis.call('HSET', key('text', conversation), id, text)
  redis.call('PEXPIRE', mail, KEEP)
  redis.call('PEXPIRE', key('text', conversation), KEEP)
  count(person, 1)
  for _, line in ipairs({'ready', 'later', 'running'}) do
    if redis.call('ZSCORE', root .. line, conversation) then
      return 'taken'
    end
  end
  line_up(conversation)
  return 'taken'
end

-- conversation, message, new text, mark, seconds, then what to see once
function ops.edit(conversation, id, text, mark, seconds)
  if not all_new(mark, seconds, 7, #ARGV) then
    return 'seen'
  end
  if redis.call('ZSCORE', key('mail', conversation), id) then
    redis.call('HSET', key('text', conversation), id, text)
    return 'replaced'
  end
  return redis.call('EXISTS', root .. 'seen:' .. id) == 1 and 'answered' or 'new'
end

-- Puts an emptied text in place of a message that waits or is being answered; stops the answer.
function ops.withdraw(conversation, id, text)
  if redis.call('HEXISTS', key('text', conversation), id) == 0 then
    return 0
  end
  redis.call('HSET', key('text', conversation), id, text)
  if not redis.call('ZSCORE', key('mail', conversation), id) then
    redis.call('HSET', key('turn', conversation), 'stop', 1)
  end
  return 1
end

-- milliseconds, most messages in a turn
function ops.take(milliseconds, most)
  for _, due in ipairs(redis.call('ZRANGEBYSCORE', root .. 'later', '-inf', number(now))) do
    redis.call('ZREM', root .. 'later', due)
    redis.call('ZADD', root .. 'ready', number(now), due)
  end
  local conversation = redis.call('ZRANGEBYSCORE', root .. 'running', '-inf', number(now), 'LIMIT', 0, 1)[1]
    or redis.call('ZRANGE', root .. 'ready', 0, 0)[1]
  if not conversation then
    if redis.call('EXISTS', root .. 'running', root .. 'later') == 0 then
      redis.call('DEL', root .. 'load') -- nothing is open: what expired unanswered is not counted for ever
    end
    return false
  end
  local turn = key('turn', conversation)
  local ids = batch(conversation, tonumber(most))
  local found = texts(conversation, ids)
  if #found == 0 then
    forget(conversation)
    if redis.call('ZCARD', key('mail', conversation)) > 0 then
      line_up(conversation)
    end
    return ops.take(milliseconds, most)
  end
  redis.call('ZREM', root .. 'ready', conversation)
  redis.call('ZREM', key('mail', conversation), unpack(ids))
  redis.call('HSET', turn, 'batch', cjson.encode(ids))
  redis.call('HDEL', turn, 'place')
  local again = redis.call('HGET', turn, 'begun') or '0'
  redis.call('HSET', turn, 'begun', 1)
  local tries = redis.call('HINCRBY', turn, 'tries', 1)
  local facts = redis.call('HMGET', turn, 'since', 'stop')
  local waited = number(now - tonumber(facts[1] or now))
  return {conversation, lease(conversation, milliseconds), tries, waited, again, facts[2] or '0', posted(conversation),
    found, 0}
end

-- The first in line that waits for so long and was not told of late: leased, so that nobody answers while it is told.
function ops.notice(milliseconds, after, every)
  for rank, conversation in ipairs(redis.call('ZRANGE', root .. 'ready', 0, 99)) do
    local turn = key('turn', conversation)
    local facts = redis.call('HMGET', turn, 'since', 'told')
    local waited = now - tonumber(facts[1] or now)
    local found = texts(conversation, batch(conversation, 1))
    if #found > 0 and waited >= tonumber(after) and now - tonumber(facts[2] or 0) >= tonumber(every) then
      local place = redis.call('ZSCORE', root .. 'ready', conversation)
      local ahead = rank - 1 + redis.call('ZCARD', root .. 'running')
      local again = redis.call('HGET', turn, 'begun') or '0'
      redis.call('HSET', turn, 'told', number(now), 'place', place, 'begun', 1)
      redis.call('ZREM', root .. 'ready', conversation)
      return {conversation, lease(conversation, milliseconds), 0, number(waited), again, '0', posted(conversation),
        found, ahead}
    end
  end
  return false
end

-- milliseconds, then conversation and fence of each; answers 0 lost, 1 held, 2 held and to be stopped
function ops.renew(milliseconds)
  local states = {}
  for i = 3, #ARGV, 2 do
    local conversation = ARGV[i]
    local state = 0
    if holds(conversation, ARGV[i + 1]) then
      redis.call('ZADD', root .. 'running', number(now + tonumber(milliseconds)), conversation)
      state = redis.call('HEXISTS', key('turn', conversation), 'stop') == 1 and 2 or 1
    end
    states[#states + 1] = state
  end
  return states
end

-- Whoever took the turn over may have found the message before we recorded it: then it is recorded.
function ops.record(conversation, fence, part, message)
  if not holds(conversation, fence) then
    return redis.call('HGET', key('turn', conversation), 'post:' .. part) == message and 1 or 0
  end
  redis.call('HSET', key('turn', conversation), 'post:' .. part, message)
  return 1
end

function ops.settle(conversation, fence)
  if not holds(conversation, fence) then
    return 0
  end
  for _, id in ipairs(cjson.decode(redis.call('HGET', key('turn', conversation), 'batch') or '[]')) do
    local text = redis.call('HGET', key('text', conversation), id)
    if text then
      redis.call('HDEL', key('text', conversation), id)
      count(person_of(text), -1)
    end
  end
  forget(conversation)
  if redis.call('ZCARD', key('mail', conversation)) > 0 then
    line_up(conversation)
  end
  return 1
end

-- Back into the line: at its old place, or after some milliseconds; a try that was no fault of the message's counts not.
function ops.release(conversation, fence, milliseconds, counts)
  if not holds(conversation, fence) then
    return 0
  end
  local turn = key('turn', conversation)
  local place = redis.call('HGET', turn, 'place')
  redis.call('HDEL', turn, 'fence', 'place')
  redis.call('ZREM', root .. 'running', conversation)
  if counts == '0' and not place then
    redis.call('HINCRBY', turn, 'tries', -1)
  end
  if tonumber(milliseconds) > 0 then
    redis.call('ZADD', root .. 'later', number(now + tonumber(milliseconds)), conversation)
    redis.call('PEXPIRE', root .. 'later', LINE)
  else
    redis.call('ZADD', root .. 'ready', place or number(now), conversation)
    ring()
  end
  return 1
end

-- conversation, fence, id, facts: takes the turn out of the line and keeps it for an admin.
function ops.park(conversation, fence, id, facts)
  if not holds(conversation, fence) then
    return 0
  end
  local place = root .. 'parked:' .. id
  redis.call('HSET', place, 'conversation', conversation, 'facts', facts, 'at', number(now))
  for _, message in ipairs(cjson.decode(redis.call('HGET', key('turn', conversation), 'batch') or '[]')) do
    local text = redis.call('HGET', key('text', conversation), message)
    if text then
      redis.call('HSET', place, 'text:' .. message, text)
    end
  end
  redis.call('PEXPIRE', place, LINE)
  redis.call('ZADD', root .. 'parked', number(now), id)
  redis.call('PEXPIRE', root .. 'parked', LINE)
  return ops.settle(conversation, fence)
end

-- Everything parked, the oldest first; what has expired meanwhile is dropped from the list.
function ops.parked()
  local found = {}
  for _, id in ipairs(redis.call('ZRANGE', root .. 'parked', 0, 999)) do
    local facts = redis.call('HMGET', root .. 'parked:' .. id, 'conversation', 'facts', 'at')
    if facts[1] then
      found[#found + 1] = {id, facts[1], facts[2], facts[3]}
    else
      redis.call('ZREM', root .. 'parked', id)
    end
  end
  return found
end

function ops.replay(id)
  local place = root .. 'parked:' .. id
  local conversation = redis.call('HGET', place, 'conversation')
  if not conversation then
    return 0
  end
  local fields = redis.call('HGETALL', place)
  for i = 1, #fields, 2 do
    local message = string.match(fields[i], '^text:(.*)$')
    if message then
      redis.call('ZADD', key('mail', conversation), number(now / 1000), message)
      redis.call('HSET', key('text', conversation), message, fields[i + 1])
      count(person_of(fields[i + 1]), 1)
    end
  end
  redis.call('PEXPIRE', key('mail', conversation), KEEP)
  redis.call('PEXPIRE', key('text', conversation), KEEP)
  redis.call('DEL', place)
  redis.call('ZREM', root .. 'parked', id)
  if not redis.call('ZSCORE', root .. 'running', conversation) then
    line_up(conversation)
  end
  return 1
end

-- Stops what a person has waiting or running in a conversation, or in all that begin so (`place` ends with a colon).
function ops.stop(person, place)
  local stopped = 0
  local prefix = string.sub(place, -1) == ':'
  for _, line in ipairs({'running', 'ready', 'later'}) do
    for _, conversation in ipairs(redis.call('ZRANGE', root .. line, 0, -1)) do
      local there = conversation == place or (prefix and string.sub(conversation, 1, #place) == place)
      if there and first_person(conversation) == person then
        redis.call('HSET', key('turn', conversation), 'stop', 1)
        stopped = stopped + 1
        if line ~= 'running' then
          redis.call('ZREM', root .. line, conversation)
          redis.call('ZADD', root .. 'ready', 0, conversation)
          ring()
        end
      end
    end
  end
  return stopped
end

function ops.status()
  return {redis.call('ZCARD', root .. 'ready'), redis.call('ZCARD', root .. 'running'),
    redis.call('ZCARD', root .. 'later'), redis.call('ZCARD', root .. 'parked'),
    tonumber(redis.call('HGET', root .. 'load', '*') or 0)}
end

return ops[op](unpack(ARGV, 2))
