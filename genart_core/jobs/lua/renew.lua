#!lua flags=allow-oom
-- Extend leases; say per job whether to go on: ok | cancel | late | lost.
local lease_ms, now, replies = tonumber(ARGV[1]), now_ms(), {}
for i = 2, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'deadline_at')
  if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then
    replies[#replies + 1] = 'lost'
  else
    redis.call('ZADD', key('leases'), now + lease_ms, id)
    local deadline = tonumber(held[3])
    local late = deadline > 0 and deadline <= now
    replies[#replies + 1] = held[2] == 'canceling' and 'cancel' or (late and 'late' or 'ok')
  end
end
return replies
