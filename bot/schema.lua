-- Moves one conversation of version 1. KEYS[1] is the hash of its state; all keys are in one slot.
local transcript, vault, exchanges, sealed, seconds = unpack(ARGV)
if redis.call('EXISTS', transcript) == 0 or redis.call('EXISTS', exchanges) == 1 then
  return 0 -- somebody was quicker
end
local left = math.max(redis.call('PTTL', transcript), 0)
if left == 0 then
  left = seconds * 1000
end
for i = 6, #ARGV do
  redis.call('RPUSH', exchanges, ARGV[i])
end
redis.call('HSET', KEYS[1], 'vault', sealed)
redis.call('PEXPIRE', KEYS[1], left)
redis.call('PEXPIRE', exchanges, left)
redis.call('DEL', transcript, vault)
return 1
