#!lua flags=allow-oom
-- The owner ends its job: ok | canceled (a cancel came first) | lost (the fence is not ours any more).
local id, fence, status, keep = ARGV[1], ARGV[2], ARGV[3], {ARGV[4], ARGV[5]}
local share_ms, facts = tonumber(ARGV[6]), {unpack(ARGV, 7)}
local now = now_ms()

local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'total', 'kind', 'started_at')
-- sent again because the first reply was lost: it stands
if held[1] == fence and held[2] == status then return 'ok' end
if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then return 'lost' end
if held[2] == 'canceling' then
  settle(id, 'canceled', {}, keep, now)
  return 'canceled'
end
if status == 'succeeded' then
  learn_from(id, share_ms, now)
  observe('execution', held[4], now - held[5])
  -- the last steps were too quick to be reported
  if held[3] ~= '0' then redis.call('HSET', key('job', id), 'step', held[3]) end
end
settle(id, status, facts, keep, now)
local cache = status == 'succeeded' and redis.call('HMGET', key('job', id), 'cache', 'client', 'expires_at')
if cache and cache[1] then
  redis.call('SET', key('cache', cache[2], cache[1]), id, 'PXAT', cache[3])
end
return 'ok'
