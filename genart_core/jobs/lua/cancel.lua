#!lua flags=allow-oom
-- A caller cancels: a queued job ends now, a running one within a step.
local id, client, keep, now = ARGV[1], ARGV[2], {ARGV[3], ARGV[4]}, now_ms()
local state = lookup(id, client)
if state ~= 'found' then return {state} end
cancel(id, keep, now)
return {state, view(id, now)}
