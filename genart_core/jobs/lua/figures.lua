#!lua flags=no-writes
-- What was counted since the store was made, and what waits and runs: {bounds of histograms, counts,
-- {kind, jobs that wait, milliseconds of one worker for them or -1, the same of those that run} each}.
local AT_ONCE = 1000 -- as many arguments as a call surely takes
local edges, running, loads = {}, {}, {}
for i, seconds in ipairs(histogram_bounds()) do edges[i] = tostring(seconds) end
for _, kind in ipairs(ARGV) do running[kind] = {jobs = 0, cost = 0} end
for first = 0, redis.call('ZCARD', key('leases')) - 1, AT_ONCE do
  local ids = redis.call('ZRANGE', key('leases'), first, first + AT_ONCE - 1)
  for _, work in ipairs(works_of(ids)) do
    local load = running[work.kind or '']
    if load then load.jobs, load.cost = load.jobs + 1, load.cost + work.cost end
  end
end
for i, kind in ipairs(ARGV) do
  local waiting, ms = backlog(kind)
  local load = running[kind]
  loads[i] = {kind, waiting, tostring(ms or -1), load.jobs,
    tostring(worker_ms(kind, load.jobs, load.cost) or -1)}
end
return {edges, redis.call('HGETALL', key('figures')), loads}
