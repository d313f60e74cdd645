#!lua flags=allow-oom
-- Extend leases; say per job whether to go on: ok | cancel | late | lost.
local lease_ms, now, replies = tonumber(ARGV[1]), now_ms(), {}

-- What a caller would be told now of a job that is being made.
local function note_one_made(id)
  local held = redis.call('HMGET', key('job', id), 'started_at', 'step', 'total', 'stepped_at', 'kind',
    'cost', 'created_at', 'foreseen')
  if not may_note(held[8], held[7], now) then return end
  note_foreseen(id, foresee_end(held[5], tonumber(held[6]), now, held), now, held[8])
end

for i = 2, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'deadline_at')
  if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then
    replies[#replies + 1] = 'lost'
  else
    redis.call('ZADD', key('leases'), now + lease_ms, id)
    if held[2] == 'running' and is_heard(id) then note_one_made(id) end
    local deadline = tonumber(held[3])
    local late = deadline > 0 and deadline <= now
    replies[#replies + 1] = held[2] == 'canceling' and 'cancel' or (late and 'late' or 'ok')
  end
end
return replies
