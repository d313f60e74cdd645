#!lua flags=allow-oom
-- A caller wants the message about its job's end once more: it is due now, with all its attempts.
local id, client = ARGV[1], ARGV[2]
local state = lookup(id, client)
if state ~= 'found' then return {state} end
local hook = key('hook', id)
if redis.call('EXISTS', hook) == 1 then
  redis.call('HSET', hook, 'status', 'pending', 'attempts', 0)
  redis.call('PERSIST', hook)
  redis.call('PERSIST', key('hooklog', id))
  line_up_hook(id, redis.call('HGET', hook, 'client'), now_ms())
end
return {state, hook_view(id)}
