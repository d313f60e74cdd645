#!lua flags=allow-oom
-- A worker says that it lives and what it has; silence for 10 s is taken for death.
local worker, facts = ARGV[1], ARGV[2]
redis.call('SET', key('worker', worker), facts, 'PX', WORKER_TTL_MS)
redis.call('ZADD', key('workers'), now_ms(), worker)
return 'ok'
