-- A socket is closed: mark the record, if it is still this socket's (domain/ownership.py: released). The epoch stays
-- as a tombstone, so that the next claim is above it whatever the time is.
-- KEYS[1] o:{charger}   ARGV[1] connection  ARGV[2] epoch  ARGV[3] ttl in ms
-- Returns 1 when the record was released, 0 when it is somebody else's.
local now = redis.call('HMGET', KEYS[1], 'cid', 'ep')
if now[1] ~= ARGV[1] or now[2] ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'st', 'offline')
redis.call('HDEL', KEYS[1], 'node')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
