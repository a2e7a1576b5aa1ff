-- What the record says; a socket that finds its own keeps it for longer.
-- KEYS[1] o:{charger}   ARGV[1] connection  ARGV[2] epoch  ARGV[3] ttl in ms
-- Returns {node, connection, epoch, state}, each nil where there is none.
local now = redis.call('HMGET', KEYS[1], 'node', 'cid', 'ep', 'st')
if now[2] == ARGV[1] and now[3] == ARGV[2] and now[4] ~= 'offline' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return now
