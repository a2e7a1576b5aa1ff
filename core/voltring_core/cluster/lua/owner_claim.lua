-- The newest authenticated socket owns the charger, whoever held it before.
-- KEYS[1] o:{charger}   ARGV[1] node  ARGV[2] connection  ARGV[3] least epoch  ARGV[4] ttl in ms
-- Returns {epoch, previous node or "", previous connection or ""}.
local before = redis.call('HMGET', KEYS[1], 'node', 'cid', 'ep', 'st')
if before[2] == ARGV[2] and before[1] == ARGV[1] then
  return {before[3], '', ''} -- the same claim again: an answer was lost
end
-- An epoch from INCR alone would come twice after a failover that loses writes; time and the floor do not.
local time = redis.call('TIME')
local epoch = math.max(tonumber(before[3] or '0') + 1, time[1] * 1000000 + time[2], tonumber(ARGV[3]))
epoch = string.format('%.0f', epoch)
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'cid', ARGV[2], 'ep', epoch, 'st', 'live', 'at', time[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if before[4] == 'live' then
  return {epoch, before[1], before[2]}
end
return {epoch, '', ''}
