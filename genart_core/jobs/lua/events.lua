#!lua flags=no-writes
-- Events after a given one; `gap` when some in between have been trimmed away.
local id, client, after, count = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local state = lookup(id, client)
if state ~= 'found' then return {state} end

local function earlier(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)-(%d+)$')
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return tonumber(a_seq) < tonumber(b_seq)
end

local stream = key('events', id)
if redis.call('EXISTS', stream) == 0 then return {state, 'whole', {}} end
local info, facts = redis.call('XINFO', 'STREAM', stream), {}
for i = 1, #info, 2 do facts[info[i]] = info[i + 1] end
local trimmed = facts['entries-added'] > facts['length']
if trimmed and earlier(after, facts['first-entry'][1]) then return {state, 'gap', {}} end
return {state, 'whole', redis.call('XRANGE', stream, '(' .. after, '+', 'COUNT', count)}
