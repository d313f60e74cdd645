#!lua flags=allow-oom
-- A supervisor starts a new life of a worker slot: whatever its earlier lives held is ready again.
-- Returns the new epoch and how many leases were taken back.
local slot, bell, keep = ARGV[1], {ARGV[2], ARGV[3]}, {ARGV[4], ARGV[5]}
local epoch, now, released = redis.call('INCR', key('epoch', slot)), now_ms(), 0
for _, id in ipairs(redis.call('ZRANGE', key('leases'), 0, -1)) do
  if field(id, 'slot') == slot then
    requeue(id, true, bell, keep, now)
    released = released + 1
  end
end
return {epoch, released}
