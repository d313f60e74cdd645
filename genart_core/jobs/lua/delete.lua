#!lua flags=allow-oom
-- A caller deletes: nothing of the job stays; a worker that runs it finds its lease lost.
local id, client, keep = ARGV[1], ARGV[2], {ARGV[3], ARGV[4]}
local state = lookup(id, client)
if state ~= 'found' then return state end
local held, now = redis.call('HMGET', key('job', id), 'status', 'client', 'source', 'cache'), now_ms()
local is_running = held[1] == 'running' or held[1] == 'canceling'
if is_running or held[1] == 'queued' then settle(id, 'canceled', {}, keep, now) end
-- its results are given to nobody any more
local cache = held[4] and key('cache', held[2], held[4])
if cache and redis.call('GET', cache) == id then redis.call('DEL', cache) end
if held[3] then
  redis.call('ZREM', key('sharers', held[3]), id)
  -- the files of a job that has gone before may have waited for this one
  if redis.call('EXISTS', key('job', held[3])) == 0 then
    redis.call('ZADD', key('expiring'), 'XX', now, held[3])
  end
end
redis.call('DEL', key('job', id), key('events', id), key('tombstone', id))
drop_hook(id)
redis.call('ZREM', key('jobs', held[2]), id)
redis.call('ZREM', key('dead'), id)
-- The sweeper removes the files; by then a worker that was writing some is through or dead.
redis.call('ZADD', key('expiring'), is_running and now + WORKER_TTL_MS or now, id)
return state
