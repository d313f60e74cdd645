#!lua flags=allow-oom
-- The owner gives a job back unharmed (it is shutting down): ok | lost.
local id, fence, bell, keep = ARGV[1], ARGV[2], {ARGV[3], ARGV[4]}, {ARGV[5], ARGV[6]}
local held = redis.call('HMGET', key('job', id), 'fence', 'status')
if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then return 'lost' end
requeue(id, false, bell, keep, now_ms())
return 'ok'
