-- A live socket that PostgreSQL knows as the owner puts its record back where it is lost or older
-- (domain/ownership.py: reasserted).
-- KEYS[1] o:{charger}   ARGV[1] node  ARGV[2] connection  ARGV[3] epoch  ARGV[4] ttl in ms
-- Returns 1 when the record is this socket's now, 0 when a newer or another one of this epoch is there.
local now = redis.call('HMGET', KEYS[1], 'cid', 'ep')
if now[2] then
  local theirs, mine = tonumber(now[2]), tonumber(ARGV[3])
  if theirs > mine or (theirs == mine and now[1] ~= ARGV[2]) then
    return 0
  end
end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'cid', ARGV[2], 'ep', ARGV[3], 'st', 'live', 'at', time[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
