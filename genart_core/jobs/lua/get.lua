#!lua flags=no-writes
local state = lookup(ARGV[1], ARGV[2])
if state ~= 'found' then return {state} end
return {state, view(ARGV[1], now_ms())}
