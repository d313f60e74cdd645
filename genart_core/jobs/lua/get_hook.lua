#!lua flags=no-writes
-- The message about a job's end; without fields if there is none.
local state = lookup(ARGV[1], ARGV[2])
if state ~= 'found' then return {state} end
return {state, hook_view(ARGV[1])}
