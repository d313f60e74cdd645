#!lua flags=allow-oom
-- A worker says that it lives and what it has; silence for 10 s is taken for death. What it has counted
-- follows as name, total: totals of its whole life, so that one that comes twice counts once.
local worker, facts = ARGV[1], ARGV[2]
local counted, DAY_MS = key('counted', worker), 24 * 3600 * 1000
redis.call('SET', key('worker', worker), facts, 'PX', WORKER_TTL_MS)
redis.call('ZADD', key('workers'), now_ms(), worker)
for i = 3, #ARGV, 2 do
  local figure, total = ARGV[i], tonumber(ARGV[i + 1])
  local more = total - tonumber(redis.call('HGET', counted, figure) or '0')
  if more > 0 then
    redis.call('HINCRBY', key('figures'), figure, more)
    redis.call('HSET', counted, figure, total)
  end
end
redis.call('PEXPIRE', counted, DAY_MS)
return 'ok'
