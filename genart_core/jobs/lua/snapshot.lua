#!lua flags=no-writes
-- The whole state that the events so far add up to, and the id of the last of them.
local id, client = ARGV[1], ARGV[2]
local state = lookup(id, client)
if state ~= 'found' then return {state} end
local partial = {}
for sample = 0, tonumber(field(id, 'samples') or '0') - 1 do
  partial[#partial + 1] = redis.call('GET', key('partial', id, sample)) or ''
end
local last = redis.call('XREVRANGE', key('events', id), '+', '-', 'COUNT', 1)
return {state, view(id, now_ms()), partial, #last > 0 and last[1][1] or '0-0'}
