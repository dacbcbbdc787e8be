-- Drops the exchanges of a conversation that are older than a time; the last one takes its state, KEYS[1], with it.
local exchanges, before = ARGV[1], tonumber(ARGV[2])
local dropped = 0
local oldest = redis.call('LINDEX', exchanges, 0)
while oldest and cjson.decode(oldest).at < before do
  redis.call('LPOP', exchanges)
  dropped = dropped + 1
  oldest = redis.call('LINDEX', exchanges, 0)
end
if dropped > 0 and not oldest then
  redis.call('DEL', KEYS[1])
end
return dropped
