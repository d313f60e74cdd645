#!lua flags=allow-oom
-- Extend leases; say per job whether to go on: ok | cancel | late | lost.
local lease_ms, now, replies = tonumber(ARGV[1]), now_ms(), {}

local ASKED_AFTER_MS = 100 -- so often the line is asked, by whichever worker
local ASKED = 8 -- jobs at a time

-- What callers would be told now of jobs that wait, at all places of the line. It is done here, by the
-- clock, since those who look do so too: where jobs begin, too few are met that wait for a long one.
local function note_some_waiting()
  local asked = tonumber(redis.call('HGET', key('pace', ALL), 'asked') or '0')
  local count = math.min(redis.call('ZCARD', key('ready')), LOOKED_AT)
  if count == 0 or now - asked < ASKED_AFTER_MS then return end
  redis.call('HSET', key('pace', ALL), 'asked', now)
  local ids, apart = redis.call('ZRANGE', key('ready'), 0, count - 1), math.ceil(count / ASKED)
  for place = now % apart, count - 1, apart do
    local id = ids[place + 1]
    local held = redis.call('HMGET', key('job', id), 'kind', 'cost', 'created_at', 'foreseen')
    if held[1] and is_heard(id) and may_note(held[4], held[3], now) then
      note_foreseen(id, foresee(held[1], tonumber(held[2]), place, now, tonumber(held[3])), now, held[4])
    end
  end
end

-- The same of a job that is being made.
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
note_some_waiting()
return replies
