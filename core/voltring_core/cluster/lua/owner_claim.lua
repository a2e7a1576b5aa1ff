-- The newest authenticated socket claims its charger, whoever had it (domain/ownership.py: claim, to_kick).
-- KEYS[1] o:{charger}   ARGV[1] node  ARGV[2] connection  ARGV[3] least epoch  ARGV[4] ttl in ms
-- Returns {epoch, node to be told that it has lost the charger or ""}.
local before = redis.call('HMGET', KEYS[1], 'node', 'cid', 'ep', 'st')
local last = tonumber(before[3] or '0')
local least = tonumber(ARGV[3])
if before[1] == ARGV[1] and before[2] == ARGV[2] and last >= least then
  return {before[3], ''} -- the same claim again: its answer was lost
end
-- An epoch from INCR alone would come twice after a failover that loses writes; time and the floor do not.
local time = redis.call('TIME')
local epoch = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2], least))
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'cid', ARGV[2], 'ep', epoch, 'st', 'claimed', 'at', time[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if before[1] and before[4] ~= 'offline' then
  return {epoch, before[1]}
end
return {epoch, ''}
