#!lua flags=allow-oom
-- Take the next job in fair order, and with it up to limit - 1 others that can share its batch.
-- With a join_kind the claim is for a batch already running: it takes only what fits in there, and
-- nothing at all when somebody else is next, so that a busy model can't keep the others waiting.
local worker, slot, epoch, lease_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local limit, join_kind, join_key, keep = tonumber(ARGV[5]), ARGV[6], ARGV[7], {ARGV[8], ARGV[9]}
local kinds = {unpack(ARGV, 10)} -- name, batch limit, name, batch limit, …
local now = now_ms()

-- A worker that its supervisor has written off must not take on new work.
if (redis.call('GET', key('epoch', slot)) or epoch) ~= epoch then return {'stale', {}} end

local WAITS = {'deadline_at', 'start_by', 'attempt'}

-- Whether a job has waited too long; nil if its record is gone.
local function late(held)
  if not held[1] then return nil end
  local until_ = patience(tonumber(held[1]), tonumber(held[2] or '0'), tonumber(held[3]))
  return until_ > 0 and until_ <= now
end

-- Clears the head of one kind's line of what can no longer run; returns the head and its tag.
local function head_of(kind)
  while true do
    local head = redis.call('ZRANGE', key('ready', kind), 0, 0, 'WITHSCORES')
    if #head == 0 then return nil end
    local is_late = late(redis.call('HMGET', key('job', head[1]), unpack(WAITS)))
    if is_late == false then return head[1], tonumber(head[2]) end
    if is_late == nil then
      leave_ready(head[1], kind)
    else
      local detail = 'Missed its deadline before a worker was free'
      settle(head[1], 'expired', {'error', failure('deadline_missed', detail, true)}, keep, now)
    end
  end
end

local function next_in_line()
  local best, best_id, best_tag, best_limit
  for i = 1, #kinds, 2 do
    local id, tag = head_of(kinds[i])
    if id and (not best or tag < best_tag or (tag == best_tag and id < best_id)) then
      best, best_id, best_tag, best_limit = kinds[i], id, tag, tonumber(kinds[i + 1])
    end
  end
  return best, best_id, best_limit
end

-- It rises with time too, in microseconds: a Redis that lost its last second must not give the same
-- number twice.
local function fences_from()
  local time = redis.call('TIME')
  return math.max(tonumber(redis.call('GET', key('fence')) or '0') + 1, time[1] * 1000000 + time[2])
end

local CLAIMED = {'deadline_at', 'start_by', 'attempt', 'batch_key', 'client', 'priority', 'cost',
  'together', 'created_at', 'version'}

local function take(id, kind, turn, fence, held)
  local job, attempt, version = key('job', id), held[3] + 1, held[10] + 1
  leave_lines(id, kind, held[5], held[6] or nil)
  weigh(kind, tonumber(held[7]), -1)
  write_work(id, kind, held[7], held[8] or '1', now, worker)
  redis.call('HSET', job, 'status', 'running', 'fence', fence, 'tag', turn, 'attempt', attempt,
    'version', version, 'worker', worker, 'slot', slot, 'epoch', epoch, 'started_at', now)
  redis.call('ZADD', key('leases'), now + lease_ms, id)
  if attempt == 1 then observe('queue', kind, now - held[9]) else count('reruns ' .. kind) end
  tell(id, version, 'running')
  emit_status(id, 'running', attempt, version)
  return redis.call('HGETALL', job)
end

local kind, first, room = next_in_line()
if not kind then return {'empty', {}} end
local wanted = field(first, 'batch_key')
if join_kind ~= '' and (join_kind ~= kind or join_key ~= wanted) then return {'empty', {}} end
room = math.min(room, limit)
local taken, fence, virtual = {}, fences_from(), tonumber(redis.call('GET', key('virtual')) or '0')
local line = redis.call('ZRANGE', key('ready', kind), 0, room * 4 - 1, 'WITHSCORES')
for i = 1, #line, 2 do
  if #taken >= room then break end
  local held = redis.call('HMGET', key('job', line[i]), unpack(CLAIMED))
  if held[4] == wanted and late(held) == false then
    taken[#taken + 1] = take(line[i], kind, line[i + 1], fence + #taken, held)
    if tonumber(line[i + 1]) > virtual then
      virtual = tonumber(line[i + 1])
      redis.call('SET', key('virtual'), line[i + 1])
    end
  end
end
if #taken == 0 then return {'empty', {}} end
redis.call('SET', key('fence'), fence + #taken - 1)
if join_kind ~= '' then redis.call('HSET', key('pace', kind), 'joined', 1) end
return {'claimed', taken}
