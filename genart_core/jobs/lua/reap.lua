#!lua flags=allow-oom
-- Once a second, by one leader: expired leases go back to ready, late jobs expire, a lost doorbell is
-- rung again. Returns {is leader, leases taken back, ids whose files are due for removal, assets that are}.
local me, bell, keep = ARGV[1], {ARGV[2], ARGV[3]}, {ARGV[4], ARGV[5]}
local LEADER_MS, BATCH = 3000, 100
local OUTAGE_MS, GRACE_MS, HELD_MS = 5000, 2000, 60000
local LEAVING_MS = 30000 -- so long a sweeper may take to remove the file of an asset
local leader = redis.call('GET', key('reaper'))
if leader and leader ~= me then return {0, 0, {}, {}} end
redis.call('SET', key('reaper'), me, 'PX', LEADER_MS)

-- After a pause in which nobody swept, Redis itself was probably away: its leases ran out unheard,
-- and those who hold them are given a moment to renew.
local now, reaped = now_ms(), 0
local last = tonumber(redis.call('GET', key('swept')) or '0')
redis.call('SET', key('swept'), now)
if now - last > OUTAGE_MS then redis.call('SET', key('grace'), 1, 'PX', GRACE_MS) end

local ended = redis.call('EXISTS', key('grace')) == 0
  and redis.call('ZRANGEBYSCORE', key('leases'), '-inf', now, 'LIMIT', 0, BATCH) or {}
for _, id in ipairs(ended) do
  requeue(id, true, bell, keep, now)
  reaped = reaped + 1
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('deadlines'), '-inf', now, 'LIMIT', 0, BATCH)) do
  local detail = 'Missed its deadline before a worker was free'
  settle(id, 'expired', {'error', failure('deadline_missed', detail, true)}, keep, now)
end
if redis.call('ZCARD', key('ready')) > 0 then ring(bell, 'reap.' .. now, now) end
redis.call('ZREMRANGEBYSCORE', key('workers'), '-inf', now - WORKER_TTL_MS)

-- What a job that may still run names stays. Nobody can name the others again until their files are
-- gone, or the sweeper is.
local leaving = {}
for _, sha in ipairs(redis.call('ZRANGEBYSCORE', key('assets'), '-inf', now, 'LIMIT', 0, BATCH)) do
  if redis.call('HEXISTS', key('held'), sha) == 1 then
    redis.call('ZADD', key('assets'), now + HELD_MS, sha)
  else
    redis.call('SET', key('leaving', sha), 1, 'PX', LEAVING_MS)
    leaving[#leaving + 1] = sha
  end
end

-- Files that another job has too stay for it.
local due = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('expiring'), '-inf', now, 'LIMIT', 0, BATCH)) do
  local sharers = key('sharers', id)
  redis.call('ZREMRANGEBYSCORE', sharers, '-inf', now)
  local last = redis.call('ZRANGE', sharers, -1, -1, 'WITHSCORES')
  if #last > 0 then redis.call('ZADD', key('expiring'), last[2], id) else due[#due + 1] = id end
end
return {1, reaped, due, leaving}
