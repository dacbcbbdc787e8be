-- The inbox, whole. Each operation is atomic; every key begins with KEYS[1], so that all share one hash slot. KEYS[2] is
-- there from the first message on, KEYS[1] never: while a cluster moves the slot, we are told to try again.
--
--   seen:ID       which events and messages came already        text:CONVERSATION  hash: message → "person\nsealed text"
--   mail:CONV.    sorted set: messages by the platform's time   turn:CONVERSATION  hash: the turn that waits or runs
--   ready         sorted set: conversations in line             running            sorted set: leases by their end
--   later         sorted set: conversations put off             load               hash: open messages per person
--   untold        sorted set: who is to be told that they wait  parked, parked:ID  what failed too often
--   bell          list: wakes one idle worker per item          kept:ID, keeps:M   what a button asks again, by message
--   ours:CONV.    goes on without addressing us
local root, op = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

local MINUTE = 60000
local KEEP = 7 * 24 * 60 * MINUTE -- what waits longer than a week is not wanted any more
local LINE = 30 * 24 * 60 * MINUTE -- the line itself outlives what stands in it
local BELLS = 100
local TELL_AFTER = 4000
local LOOK_AT = 100 -- conversations, to find one whose person may have another turn

local function key(name, conversation)
  return root .. name .. ':' .. conversation
end

local function number(value)
  return string.format('%.3f', value)
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

local function waits_or_runs(conversation)
  for _, line in ipairs({'ready', 'later', 'running'}) do
    if redis.call('ZSCORE', root .. line, conversation) then
      return true
    end
  end
  return false
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
  redis.call('ZADD', root .. 'untold', 'NX', number(now + TELL_AFTER), conversation)
  redis.call('PEXPIRE', root .. 'untold', LINE)
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
  local fence = string.format('%.0f', math.max(math.floor(now), tonumber(redis.call('GET', root .. 'fence') or 0) + 1))
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

local function stopped(conversation, id)
  return redis.call('HEXISTS', key('text', conversation), '!' .. id)
end

local function wanted(conversation, ids)
  local left = 0
  for _, id in ipairs(ids) do
    left = left + 1 - stopped(conversation, id)
  end
  return left > 0
end

local function alone(id)
  return string.match(id, '^again:') or string.match(id, ':share:')
end

-- What one turn answers: as once begun, else the waiting messages up to one of another person, or one not to be answered.
local function batch(conversation, most)
  local begun = redis.call('HGET', key('turn', conversation), 'batch')
  if begun then
    return cjson.decode(begun)
  end
  local ids = {}
  local first
  for _, id in ipairs(redis.call('ZRANGE', key('mail', conversation), 0, most - 1)) do
    if alone(id) then -- what a button asks is no part of what people write in a row
      return #ids > 0 and ids or {id}
    end
    local kind = person_of(redis.call('HGET', key('text', conversation), id)) .. '\n' .. stopped(conversation, id)
    first = first or kind
    if kind ~= first then
      break
    end
    ids[#ids + 1] = id
  end
  return ids
end

local function forget(conversation)
  for _, line in ipairs({'ready', 'later', 'running', 'untold'}) do
    redis.call('ZREM', root .. line, conversation)
  end
  redis.call('DEL', key('turn', conversation))
end

local function drop_text(conversation, id)
  local text = redis.call('HGET', key('text', conversation), id)
  if text then
    redis.call('HDEL', key('text', conversation), id, '!' .. id)
    count(person_of(text), -1)
  end
end

local function see(mark, seconds, ids)
  for _, id in ipairs(ids) do
    redis.call('SET', root .. 'seen:' .. id, mark, 'NX', 'EX', seconds)
  end
end

local function seen(id)
  return redis.call('GET', root .. 'seen:' .. id)
end

-- Puts a message that was never seen into its conversation's mail, if there is room.
local function take_in(conversation, id, sent, text, mark, seconds, bounds, ids)
  local mail, person = key('mail', conversation), person_of(text)
  local open = redis.call('HMGET', root .. 'load', person, '*')
  if redis.call('ZCARD', mail) >= tonumber(bounds[1]) or tonumber(open[1] or 0) >= tonumber(bounds[2])
    or tonumber(open[2] or 0) >= tonumber(bounds[3]) then
    see(mark, seconds, {ids[1]}) -- told once; the message itself may come again
    return 'full'
  end
  see(mark, seconds, ids)
  redis.call('SET', KEYS[2], 1, 'PX', LINE)
  redis.call('ZADD', mail, sent, id)
  redis.call('HSET', key('text', conversation), id, text)
  redis.call('PEXPIRE', mail, KEEP)
  redis.call('PEXPIRE', key('text', conversation), KEEP)
  count(person, 1)
  if not waits_or_runs(conversation) then
    line_up(conversation)
  end
  return 'taken'
end

local function own(conversation, seconds)
  if seconds ~= '0' then
    redis.call('SET', root .. 'ours:' .. conversation, 1, 'EX', seconds)
  end
end

local ops = {}

-- conversation, message, when it was sent, its text, this call's mark, for how many seconds to know it; the most open
-- messages of a conversation, of a person, of all; the event; for how many seconds the conversation is ours from now on.
-- A call repeated after a lost answer finds its own mark.
function ops.accept(conversation, id, sent, text, mark, seconds, in_one, of_one, of_all, event, ours)
  own(conversation, ours)
  if seen(event) == mark then
    return seen(id) == mark and 'taken' or 'full'
  end
  if seen(event) or seen(id) then
    see(mark, seconds, {event})
    return 'seen'
  end
  return take_in(conversation, id, sent, text, mark, seconds, {in_one, of_one, of_all}, {event, id})
end

-- The same for a message that was changed; `version` names the change, of which there may be two events.
-- One so `old` that we would not know it any more counts as answered.
function ops.edit(conversation, id, sent, text, mark, seconds, in_one, of_one, of_all, event, version, ours, old)
  own(conversation, ours)
  if seen(event) ~= mark and (seen(event) or seen(version)) then
    return 'seen'
  end
  if not seen(id) and old == '0' then
    return take_in(conversation, id, sent, text, mark, seconds, {in_one, of_one, of_all}, {event, version, id})
  end
  see(mark, seconds, {event, version})
  if seen(id) == mark then
    return 'taken'
  end
  if seen(id) == 'withdrawn' then
    return 'seen'
  end
  if redis.call('ZSCORE', key('mail', conversation), id) then
    redis.call('HSET', key('text', conversation), id, text)
    return 'replaced'
  end
  return 'answered'
end

-- Erases a message wherever it stands: `text` takes its place where it waits or is being answered, which stops.
-- It is not taken any more, should its event come late. Answers whether it waited or ran.
function ops.withdraw(conversation, id, text, seconds)
  redis.call('SET', root .. 'seen:' .. id, 'withdrawn', 'EX', seconds)
  for _, kept in ipairs(redis.call('SMEMBERS', root .. 'keeps:' .. id)) do
    redis.call('DEL', root .. 'kept:' .. kept)
  end
  redis.call('DEL', root .. 'keeps:' .. id)
  for _, parked in ipairs(redis.call('ZRANGE', root .. 'parked', 0, -1)) do
    redis.call('HDEL', root .. 'parked:' .. parked, 'text:' .. id)
  end
  if redis.call('HEXISTS', key('text', conversation), id) == 0 then
    return 0
  end
  redis.call('HSET', key('text', conversation), id, text, '!' .. id, 1)
  if not redis.call('ZSCORE', key('mail', conversation), id) then
    redis.call('HSET', key('turn', conversation), wanted(conversation, batch(conversation, 1)) and 'changed' or 'stop', 1)
  end
  return 1
end

-- id, sealed question, seconds, then its messages
function ops.keep(id, sealed, seconds)
  redis.call('SET', root .. 'kept:' .. id, sealed, 'EX', seconds)
  for i = 5, #ARGV do
    redis.call('SADD', root .. 'keeps:' .. ARGV[i], id)
    redis.call('EXPIRE', root .. 'keeps:' .. ARGV[i], seconds)
  end
end

-- The next in line whose person is not `but`, who has all the turns of this worker that one person may have.
local function next_in_line(but)
  for _, conversation in ipairs(redis.call('ZRANGE', root .. 'ready', 0, but == '' and 0 or LOOK_AT - 1)) do
    if but == '' or first_person(conversation) ~= but then
      return conversation
    end
  end
end

-- milliseconds, most messages in a turn, whose turns are not taken
function ops.take(milliseconds, most, but)
  for _, due in ipairs(redis.call('ZRANGEBYSCORE', root .. 'later', '-inf', number(now))) do
    redis.call('ZREM', root .. 'later', due)
    redis.call('ZADD', root .. 'ready', number(now), due)
  end
  local running = root .. 'running'
  local conversation = redis.call('ZRANGEBYSCORE', running, '-inf', number(now), 'LIMIT', 0, 1)[1]
    or redis.call('ZRANGEBYSCORE', running, number(now + 2 * milliseconds), '+inf', 'LIMIT', 0, 1)[1] -- our clock went back
    or next_in_line(but)
  if not conversation then
    if redis.call('EXISTS', root .. 'running', root .. 'later', root .. 'ready') == 0 then
      redis.call('DEL', root .. 'load') -- nothing is open: what expired unanswered is not counted for ever
    end
    return false
  end
  local turn = key('turn', conversation)
  local ids = batch(conversation, tonumber(most))
  local found = texts(conversation, ids)
  if #found == 0 then -- the texts expired
    for _, id in ipairs(ids) do
      redis.call('ZREM', key('mail', conversation), id)
      count('', -1)
    end
    forget(conversation)
    if redis.call('ZCARD', key('mail', conversation)) > 0 then
      line_up(conversation)
    end
    return ops.take(milliseconds, most, but)
  end
  if not wanted(conversation, ids) then
    redis.call('HSET', turn, 'stop', 1)
  end
  redis.call('ZREM', root .. 'ready', conversation)
  redis.call('ZREM', root .. 'later', conversation)
  redis.call('ZREM', root .. 'untold', conversation)
  redis.call('ZREM', key('mail', conversation), unpack(ids))
  redis.call('HSET', turn, 'batch', cjson.encode(ids))
  redis.call('HDEL', turn, 'place')
  local again = redis.call('HGET', turn, 'begun') or '0'
  redis.call('HSET', turn, 'begun', 1)
  local tries = redis.call('HINCRBY', turn, 'tries', 1)
  local facts = redis.call('HMGET', turn, 'since', 'stop')
  local waited = number(now - tonumber(facts[1] or now))
  return {conversation, lease(conversation, milliseconds), tries, waited, again, facts[2] or '0', posted(conversation),
    found, 0, redis.call('ZCARD', root .. 'ready')}
end

-- Who is to be told that they wait: leased, so that nobody answers meanwhile. Told again after twice the time.
function ops.notice(milliseconds)
  for _, conversation in ipairs(redis.call('ZRANGEBYSCORE', root .. 'untold', '-inf', number(now), 'LIMIT', 0, 10)) do
    local turn = key('turn', conversation)
    local place = redis.call('ZSCORE', root .. 'ready', conversation)
    local found = place and texts(conversation, batch(conversation, 1)) or {}
    if #found == 0 then
      redis.call('ZREM', root .. 'untold', conversation)
    else
      local waited = now - tonumber(redis.call('HGET', turn, 'since') or now)
      local ahead = redis.call('ZRANK', root .. 'ready', conversation) + redis.call('ZCARD', root .. 'running')
      local again = redis.call('HGET', turn, 'begun') or '0'
      redis.call('HSET', turn, 'place', place, 'begun', 1)
      redis.call('ZADD', root .. 'untold', number(now + math.max(waited, 3 * TELL_AFTER)), conversation)
      redis.call('ZREM', root .. 'ready', conversation)
      return {conversation, lease(conversation, milliseconds), 0, number(waited), again, '0', posted(conversation),
        found, ahead, 0}
    end
  end
  return false
end

-- A script is refused for want of memory at its first write alone: what is under way must not be.
local function go_on_when_full()
  redis.call('HDEL', root .. 'load', '')
end

-- milliseconds, then conversation and fence of each; 0 lost, 1 held, 2 to be stopped, 3 partly withdrawn: begin anew
function ops.renew(milliseconds)
  go_on_when_full()
  local states = {}
  for i = 3, #ARGV, 2 do
    local conversation = ARGV[i]
    local state = 0
    if holds(conversation, ARGV[i + 1]) then
      redis.call('ZADD', root .. 'running', number(now + tonumber(milliseconds)), conversation)
      local facts = redis.call('HMGET', key('turn', conversation), 'stop', 'changed')
      state = facts[1] and 2 or facts[2] and 3 or 1
    end
    states[#states + 1] = state
  end
  return states
end

-- Whoever took the turn over may have found the message before we recorded it: then it is recorded.
function ops.record(conversation, fence, part, message)
  go_on_when_full()
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
    drop_text(conversation, id)
  end
  forget(conversation)
  if redis.call('ZCARD', key('mail', conversation)) > 0 then
    line_up(conversation)
  elseif redis.call('EXISTS', root .. 'ready') == 1 then
    ring() -- somebody may wait whose other turns left no room
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
  redis.call('HDEL', turn, 'fence', 'place', 'changed')
  redis.call('ZREM', root .. 'running', conversation)
  if counts == '0' and not place then
    redis.call('HINCRBY', turn, 'tries', -1)
  end
  if tonumber(milliseconds) > 0 then
    redis.call('ZADD', root .. 'later', number(now + tonumber(milliseconds)), conversation)
    redis.call('PEXPIRE', root .. 'later', LINE)
  else
    redis.call('ZADD', root .. 'ready', place or number(now), conversation)
    redis.call('ZADD', root .. 'untold', 'NX', number(now + TELL_AFTER), conversation)
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
  local messages = redis.call('HGET', key('turn', conversation), 'batch') or '[]'
  redis.call('HSET', place, 'conversation', conversation, 'facts', facts, 'at', number(now), 'messages', messages)
  for _, message in ipairs(cjson.decode(messages)) do
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

function ops.drop(id)
  redis.call('ZREM', root .. 'parked', id)
  return redis.call('DEL', root .. 'parked:' .. id)
end

function ops.replay(id)
  local place = root .. 'parked:' .. id
  local facts = redis.call('HMGET', place, 'conversation', 'messages')
  local conversation = facts[1]
  if not conversation then
    return 0
  end
  if seen('again:' .. id) then -- whoever asked has pressed the button meanwhile
    ops.drop(id)
    return 0
  end
  for n, message in ipairs(cjson.decode(facts[2])) do
    local text = redis.call('HGET', place, 'text:' .. message)
    if text then
      redis.call('ZADD', key('mail', conversation), number((now + n) / 1000), message)
      redis.call('HSET', key('text', conversation), message, text)
      count(person_of(text), 1)
    end
  end
  redis.call('PEXPIRE', key('mail', conversation), KEEP)
  redis.call('PEXPIRE', key('text', conversation), KEEP)
  if not waits_or_runs(conversation) then
    line_up(conversation)
  end
  return ops.drop(id)
end

-- Stops what a person has waiting or running in a conversation, or in all that begin so (`place` ends with a colon).
function ops.stop(person, place)
  local stopping = 0
  local prefix = string.sub(place, -1) == ':'
  for _, line in ipairs({'running', 'ready', 'later'}) do
    for _, conversation in ipairs(redis.call('ZRANGE', root .. line, 0, -1)) do
      if conversation == place or (prefix and string.sub(conversation, 1, #place) == place) then
        local turn, before = key('turn', conversation), stopping
        if redis.call('HEXISTS', turn, 'batch') == 1 and first_person(conversation) == person then
          redis.call('HSET', turn, 'stop', 1)
          stopping = stopping + 1
        end
        for _, id in ipairs(redis.call('ZRANGE', key('mail', conversation), 0, -1)) do
          if person_of(redis.call('HGET', key('text', conversation), id)) == person then
            redis.call('HSET', key('text', conversation), '!' .. id, 1)
            stopping = stopping + 1
          end
        end
        if line ~= 'running' and stopping > before then
          redis.call('ZREM', root .. line, conversation)
          redis.call('ZADD', root .. 'ready', 0, conversation)
          ring()
        end
      end
    end
  end
  return stopping
end

-- Which conversations that begin with `place` are being answered.
function ops.running(place)
  local found = {}
  for _, conversation in ipairs(redis.call('ZRANGE', root .. 'running', 0, -1)) do
    if string.sub(conversation, 1, #place) == place then
      found[#found + 1] = conversation
    end
  end
  return found
end

function ops.status()
  local left = redis.call('ZCOUNT', root .. 'running', '-inf', number(now)) -- by workers that are gone
  return {redis.call('ZCARD', root .. 'ready') + left, redis.call('ZCARD', root .. 'running') - left,
    redis.call('ZCARD', root .. 'later'), redis.call('ZCARD', root .. 'parked'),
    tonumber(redis.call('HGET', root .. 'load', '*') or 0)}
end

return ops[op](unpack(ARGV, 2))
