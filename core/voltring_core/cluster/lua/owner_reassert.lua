-- A live socket that PostgreSQL knows as the owner puts its record back where it is lost or older.
-- KEYS[1] o:{charger}   ARGV[1] node  ARGV[2] connection  ARGV[3] epoch  ARGV[4] ttl in ms
-- Returns 1 when the record is this socket's now, 0 when a newer epoch holds it.
local now = redis.call('HMGET', KEYS[1], 'ep', 'cid')
if now[1] and tonumber(now[1]) > tonumber(ARGV[3]) then
  return 0
end
if now[1] == ARGV[3] and now[2] ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'node', ARGV[1], 'cid', ARGV[2], 'ep', ARGV[3], 'st', 'live')
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
