#!lua
-- Idempotency, limits, record, place in line, event and doorbell in one step.
local id, kind, client, request = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local batch_key, cost = ARGV[5], ARGV[6]
local idempotency_key, fingerprint, idempotency_ms = ARGV[7], ARGV[8], tonumber(ARGV[9])
local max_active, max_ready = tonumber(ARGV[10]), tonumber(ARGV[11])
local deadline_ms, bell = tonumber(ARGV[12]), {ARGV[13], ARGV[14]}
local assets = ARGV[15] -- sha256 of each picture that it names
local cache, version, weights, sha256 = ARGV[16], ARGV[17], ARGV[18], ARGV[19]
local may_reuse, keep = ARGV[20] == '1', {ARGV[21], ARGV[22]}
local bytes, max_bytes = tonumber(ARGV[23]), tonumber(ARGV[24])
local spacing = 1 / tonumber(ARGV[26])
local priority, tags, start_ms = ARGV[27], ARGV[28], tonumber(ARGV[29])
local webhook, webhook_events = ARGV[30], ARGV[31]
local ending_ms = tonumber(ARGV[32]) -- so often a job ended while others waited; 0 = not known
local max_hooks, all_hooks = tonumber(ARGV[33]), tonumber(ARGV[34]) -- undelivered; 0: any number
local together, request_id, trace = ARGV[35], ARGV[36], ARGV[37]
local is_awaited = ARGV[38] == '1' -- its caller waits: it is shown a job that was made, not this one
local now, MINUTE_MS = now_ms(), 60000

local MAX_OVERTAKEN = 512 -- waiting jobs that one of higher priority may overtake: its cost is bounded
local LESS_URGENT = {low = {}, normal = {'low'}, high = {'normal', 'low'}}

local owner = key('client', client)
local held = redis.call('HMGET', owner, 'active', 'tag', 'bytes')
local active, used = tonumber(held[1] or '0'), tonumber(held[3] or '0')

local submits = bucket(client, tonumber(ARGV[25]), now)

local function answer(outcome, job)
  return {outcome, job or false, {active, used, submits.state()}}
end

-- How often a job ends: as was measured under load, else by the time that such a job takes a worker.
local function pace_ms()
  if ending_ms > 0 then return ending_ms end
  local line = line_of(kind, 'share')
  return line and (line[1] + line[2] * tonumber(cost)) / math.max(live_workers(now), 1) or 0
end

-- When to come back to a full line; 0 = not known. Each that is turned away is told a turn of its
-- own, one for every job that ends: told the same moment, all would come at once, and most of them
-- in vain. It is no reservation: once the line is half empty, nobody needs turns any more.
local function told_turn()
  local pace = pace_ms()
  if pace == 0 then return 0 end
  local turn = math.max(tonumber(redis.call('GET', key('turn')) or '0'), now) + pace
  turn = math.min(turn, now + MINUTE_MS)
  redis.call('SET', key('turn'), turn, 'PX', MINUTE_MS)
  return math.ceil(turn - now)
end

-- A job of the same client whose results are what this request would give, if what made them is what
-- would make them now: this version, and no other weights than these.
local function made_before(client, cache, version, weights, sha256)
  local source = redis.call('GET', key('cache', client, cache))
  local told = source and field(source, 'provenance')
  if not told then return nil end
  local provenance = cjson.decode(told)
  if provenance.version ~= version then return nil end
  for path, sha in pairs(provenance.weights or {}) do
    if path ~= weights or sha ~= sha256 then return nil end
  end
  return source
end

-- Enter a job that has ended already, with the results of another. The files belong to both, and stay
-- for the last (`sharers`).
local function reuse(id, source, facts, assets, keep, now)
  local job, client, expires = key('job', id), field(source, 'client'), now + tonumber(keep[1])
  local kind, made = field(source, 'kind'), {}
  for _, name in ipairs({'outputs', 'result', 'provenance', 'step', 'total'}) do
    made[#made + 1] = name
    made[#made + 1] = field(source, name)
  end
  redis.call('HSET', job, 'status', 'succeeded', 'version', 1, 'attempt', 0, 'cached', 1,
    'source', source, 'finished_at', now, 'expires_at', expires, unpack(facts))
  redis.call('HSET', job, unpack(made))
  redis.call('ZADD', key('sharers', source), expires, id)
  for sha in string.gmatch(assets, '%S+') do extend_asset(client, sha, expires) end
  redis.call('ZADD', key('jobs', client), 0, id)
  redis.call('PEXPIRE', key('jobs', client), CLIENT_TTL_MS)
  redis.call('HINCRBY', key('outcomes'), kind .. ' submitted', 1)
  redis.call('HINCRBY', key('outcomes'), kind .. ' cached', 1)
  emit_status(id, 'succeeded', 0, 1)
  emit(id, 'done', cjson.encode({status = 'succeeded', version = 1}))
  enqueue_hook(id, 'succeeded', client, field(id, 'webhook'), field(id, 'webhook_events'), now)
  retire(id, client, expires, keep)
end

-- sent again because the first reply was lost: it stands
if redis.call('EXISTS', key('job', id)) == 1 then return answer('created', view(id, now)) end

local replay = idempotency_key ~= '' and key('idempotency', client, idempotency_key)
if replay then
  local known = redis.call('HMGET', replay, 'id', 'fingerprint')
  if known[1] and redis.call('EXISTS', key('job', known[1])) == 1 then
    if known[2] ~= fingerprint then return answer('conflict') end
    return answer('replayed', view(known[1], now))
  end
  -- to make it again would be no replay; a job that its caller deleted has no tombstone
  if known[1] and redis.call('EXISTS', key('tombstone', known[1])) == 1 then return answer('gone') end
end

local function note_key()
  if not replay then return end
  redis.call('HSET', replay, 'id', id, 'fingerprint', fingerprint)
  redis.call('PEXPIRE', replay, idempotency_ms)
end

local deadline = deadline_ms > 0 and now + deadline_ms or 0
local start_by = start_ms > 0 and now + start_ms or 0
local facts = {'id', id, 'kind', kind, 'client', client, 'request', request, 'cost', cost,
  'created_at', now, 'deadline_at', deadline}

local function note(name, value, usual)
  if value == usual then return end
  facts[#facts + 1] = name
  facts[#facts + 1] = value
end

note('priority', priority, 'normal')
note('tags', tags, '')
note('start_by', start_by, 0)
note('together', together, '1')
note('webhook', webhook, '')
note('webhook_events', webhook_events, '')
note('request_id', request_id, '')
note('trace', trace, '')

if webhook ~= '' then
  local waiting = tonumber(redis.call('HGET', key('hooked'), client) or '0')
  if max_hooks > 0 and waiting >= max_hooks then return answer('hooks') end
  if all_hooks > 0 and redis.call('ZCARD', key('hooks')) >= all_hooks then
    return answer('hooks full')
  end
end

-- What has been made before is a submit, but nothing to wait for: it takes up no more than its rate.
local source = may_reuse and made_before(client, cache, version, weights, sha256)
if source then
  if submits.is_empty then return answer('submits') end
  submits.pay()
  reuse(id, source, facts, assets, keep, now)
  note_key()
  return answer('created', view(id, now))
end

if active >= max_active then return answer('jobs') end
if max_bytes > 0 and used + bytes > max_bytes then return answer('bytes') end
local ready = redis.call('ZCARD', key('ready'))
if ready >= max_ready then
  local refused = answer('full')
  refused[3][4] = told_turn()
  return refused
end
if ready < max_ready / 2 then redis.call('DEL', key('turn')) end
if submits.is_empty then return answer('submits') end
if may_reuse then count('misses ' .. kind) end

-- Start-time fair queueing (Goyal et al. 1996): a client's jobs are spaced in virtual time, the
-- closer the more weight it has, so a newcomer stands beside the first waiting job of a heavy
-- client, not behind its last.
local tag = math.max(tonumber(redis.call('GET', key('virtual')) or '0'), tonumber(held[2] or '0'))
active, used = active + 1, used + bytes
redis.call('HSET', owner, 'tag', tag + spacing, 'active', active, 'bytes', used)
submits.pay()
redis.call('PEXPIRE', owner, CLIENT_TTL_MS)

-- Priority is among a client's own jobs: the new one takes the turn of the first that is less urgent,
-- that one the turn of the next, and so on. What others may expect of the line stays as it is.
local function overtake(last_turn)
  local behind = {}
  for _, class in ipairs(LESS_URGENT[priority]) do
    local waiting = key('waiting', client, class)
    local line = redis.call('ZRANGE', waiting, 0, MAX_OVERTAKEN - 1, 'REV', 'WITHSCORES')
    for i = 1, #line, 2 do
      behind[#behind + 1] = {name = line[i], waiting = waiting, turn = tonumber(line[i + 1])}
    end
  end
  if #behind == 0 then return last_turn end
  table.sort(behind, function(a, b)
    if a.turn ~= b.turn then return a.turn < b.turn end
    return a.name < b.name
  end)
  local first = math.max(#behind - MAX_OVERTAKEN, 0) + 1
  local turn = behind[first].turn
  for i = first, #behind do
    local job, following = behind[i], i < #behind and behind[i + 1].turn or last_turn
    -- two jobs may have one turn, where others gave theirs back; a little later keeps their order
    turn = math.max(following, turn + spacing / 1024)
    local waiting_id, waiting_kind = string.match(job.name, '^(%S+) (%S+)$')
    redis.call('ZADD', job.waiting, turn, job.name)
    redis.call('ZADD', key('ready'), turn, waiting_id)
    redis.call('ZADD', key('ready', waiting_kind), turn, waiting_id)
  end
  return behind[first].turn
end

-- While a job may still run, the pictures that it names are held; then they stay as long as its record.
local function hold_assets(client, names)
  for sha in string.gmatch(names, '%S+') do
    redis.call('HINCRBY', key('held'), sha, 1)
    redis.call('HINCRBY', key('holding', client), sha, 1)
    redis.call('PERSIST', key('asset', client, sha))
  end
end

note('assets', assets, '')
note('cache', cache, '')
tag = overtake(tag)
redis.call('HSET', key('job', id), 'status', 'queued', 'version', 1, 'attempt', 0, 'strikes', 0,
  'batch_key', batch_key, 'tag', tag, 'bytes', bytes, 'spacing', spacing, 'step', 0, 'total', 0,
  unpack(facts))
hold_assets(client, assets)
enter_ready(id, kind, client, priority, tag, patience(deadline, start_by, 0), cost,
  together)
redis.call('ZADD', key('jobs', client), 0, id)
redis.call('PEXPIRE', key('jobs', client), CLIENT_TTL_MS)
note_key()
redis.call('HINCRBY', key('outcomes'), kind .. ' submitted', 1)
emit_status(id, 'queued', 0, 1)
ring(bell, id, now)
local heard = is_heard(id)
if is_awaited and not heard then return answer('created') end
local position = redis.call('ZRANK', key('ready'), id)
local told = foresee(kind, tonumber(cost), position, now, now)
if heard then note_foreseen(id, told, now) end
return answer('created', not is_awaited and view_told(id, position, now, told))
