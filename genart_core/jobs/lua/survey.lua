#!lua flags=no-writes
-- The state of the whole engine, for metrics and readiness.
local now, kinds, workers = now_ms(), {}, {}
for _, kind in ipairs(ARGV) do
  local oldest = redis.call('ZRANGE', key('ready', kind), 0, 0)
  local age = #oldest > 0 and now - tonumber(field(oldest[1], 'created_at') or now) or 0
  kinds[#kinds + 1] = {kind, redis.call('ZCARD', key('ready', kind)), age}
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', key('workers'), now - WORKER_TTL_MS, '+inf')) do
  local facts = redis.call('GET', key('worker', id))
  if facts then workers[#workers + 1] = {facts, tonumber(redis.call('ZSCORE', key('workers'), id))} end
end
return {kinds, redis.call('ZCARD', key('leases')), redis.call('ZCARD', key('dead')), workers,
  redis.call('HGETALL', key('outcomes'))}
