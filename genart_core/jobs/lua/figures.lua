#!lua flags=no-writes
-- What was counted since the store was made, the cost of what waits and runs, and what a unit of cost
-- takes of a device: {bounds of histograms, counts, costs, {kind, ms, cost} each}.
local edges, paces = {}, {}
for i, seconds in ipairs(histogram_bounds()) do edges[i] = tostring(seconds) end
for i, kind in ipairs(ARGV) do
  local spent = redis.call('HMGET', key('device', kind), 'ms', 'cost')
  paces[i] = {kind, spent[1] or '0', spent[2] or '0'}
end
return {edges, redis.call('HGETALL', key('figures')), redis.call('HGETALL', key('load')), paces}
