#!lua flags=allow-oom
-- A caller cancels: a queued job ends now, a running one within a step.
local id, client, keep, now = ARGV[1], ARGV[2], {ARGV[3], ARGV[4]}, now_ms()
local state = lookup(id, client)
if state ~= 'found' then return {state} end
local status = field(id, 'status')
if status == 'queued' then
  settle(id, 'canceled', {}, keep, now)
elseif status == 'running' then
  redis.call('HSET', key('job', id), 'status', 'canceling')
  emit_status(id, 'canceling', field(id, 'attempt'), touch(id, 'canceling'))
end
return {state, view(id, now)}
