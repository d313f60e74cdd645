#!lua flags=allow-oom
-- The files of these jobs are removed; nothing is left to sweep, and their client's list is shorter.
for _, id in ipairs(ARGV) do
  local client = redis.call('GET', key('tombstone', id))
  if client then redis.call('ZREM', key('jobs', client), id) end
  redis.call('ZREM', key('expiring'), id)
  redis.call('ZREM', key('dead'), id)
  redis.call('DEL', key('sharers', id))
end
return 'ok'
