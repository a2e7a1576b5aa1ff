-- A socket stands elsewhere now: it passed the fence, or is asked to go (domain/ownership.py: moved).
-- KEYS[1] o:{charger}   ARGV[1] connection  ARGV[2] epoch  ARGV[3] state  ARGV[4] ttl in ms
-- Returns 1 when the record was changed, 0 when it is somebody else's, or over.
local now = redis.call('HMGET', KEYS[1], 'cid', 'ep', 'st')
if now[1] ~= ARGV[1] or now[2] ~= ARGV[2] or now[3] == 'offline' then
  return 0
end
redis.call('HSET', KEYS[1], 'st', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
