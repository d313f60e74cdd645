#!lua flags=allow-oom
-- The owner ends its job: ok | canceled (a cancel came first) | lost (the fence is not ours any more).
local id, fence, status, keep = ARGV[1], ARGV[2], ARGV[3], {ARGV[4], ARGV[5]}
local share_ms, facts = tonumber(ARGV[6]), {unpack(ARGV, 7)}
local now = now_ms()

-- Run time per unit of cost, and the job's share of its worker's time, over the latest runs. Their
-- quantiles are worked out now and then, so that reading them costs nothing.
local function measure(kind, per_unit, share)
  local runs, pace = key('runs', kind), key('pace', kind)
  local count = redis.call('LPUSH', runs, per_unit .. ' ' .. share)
  redis.call('LTRIM', runs, 0, MEASURED_RUNS - 1)
  if redis.call('HINCRBY', pace, 'measured', 1) % 8 ~= 0 and count > 8 then return end
  local units, shares = {}, {}
  for i, run in ipairs(redis.call('LRANGE', runs, 0, -1)) do
    local unit, part = string.match(run, '^(%S+) (%S+)$')
    units[i], shares[i] = tonumber(unit), tonumber(part)
  end
  table.sort(units)
  table.sort(shares)
  local low, high = math.ceil(0.05 * #units), math.ceil(0.95 * #units)
  redis.call('HSET', pace, 'unit_low', units[low], 'unit_high', units[high],
    'share_low', shares[low], 'share_high', shares[high])
end

local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'kind', 'started_at', 'cost',
  'total')
-- sent again because the first reply was lost: it stands
if held[1] == fence and held[2] == status then return 'ok' end
if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then return 'lost' end
if held[2] == 'canceling' then
  settle(id, 'canceled', {}, keep, now)
  return 'canceled'
end
if status == 'succeeded' then
  local per_unit = (now - tonumber(held[4])) / math.max(tonumber(held[5]), 1e-9)
  measure(held[3], per_unit, share_ms)
  -- the last steps were too quick to be reported
  if held[6] ~= '0' then redis.call('HSET', key('job', id), 'step', held[6]) end
end
settle(id, status, facts, keep, now)
local cache = status == 'succeeded' and redis.call('HMGET', key('job', id), 'cache', 'client', 'expires_at')
if cache and cache[1] then
  redis.call('SET', key('cache', cache[2], cache[1]), id, 'PXAT', cache[3])
end
return 'ok'
