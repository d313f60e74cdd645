#!lua flags=no-writes
-- How fast each of these kinds is made, and what waits of it: {kind, milliseconds that a run takes
-- before its cost counts, milliseconds per unit of cost, by what these may be too high, the largest cost
-- that was measured, waiting worker time}.
local found = {}
for _, kind in ipairs(ARGV) do
  local line = line_of(kind, 'run')
  if line then
    local soonest = bounds(kind, 'run') * math.min(slowness(), 1)
    local most = redis.call('HGET', key('pace', kind), 'most') or '0'
    found[#found + 1] = {kind, tostring(line[1]), tostring(line[2]), tostring(soonest), most,
      tostring(select(2, backlog(kind)) or 0)}
  end
end
return found
