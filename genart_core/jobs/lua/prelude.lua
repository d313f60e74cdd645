-- What all transitions share. KEYS[1] is the name space; every other key is derived from it, so the
-- scripts want one Redis (or one hash slot: a name space such as "{genart}").
local ns = KEYS[1]

local MAX_EVENTS = 512 -- per job; a reader that falls further behind is given a snapshot
local MAX_STRIKES = 3 -- claims that may end in a lost lease before the job is a dead letter
local CLIENT_TTL_MS = 7 * 24 * 3600 * 1000
local WORKER_TTL_MS = 10000

local note_work, drop_work, foresee, foresee_end -- in foresight.lua

local function key(a, b, c)
  if c then return ns .. ':' .. a .. ':' .. b .. ':' .. c end
  return b and ns .. ':' .. a .. ':' .. b or ns .. ':' .. a
end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function field(id, name) return redis.call('HGET', key('job', id), name) end

local function live_workers(now)
  return redis.call('ZCOUNT', key('workers'), now - WORKER_TTL_MS, '+inf')
end

-- A doorbell is a Celery message that says no more than "look". One waiting bell per live worker is
-- enough: whoever hears it claims until nothing is left. `bell` is the message cut at its unique tag.
local function ring(bell, tag, now)
  local queue = key('doorbell')
  if redis.call('LLEN', queue) < math.max(1, live_workers(now)) then
    redis.call('LPUSH', queue, bell[1] .. tag .. bell[2])
  end
end

local function emit(id, name, data)
  return redis.call('XADD', key('events', id), 'MAXLEN', '~', MAX_EVENTS, '*',
    'event', name, 'data', data)
end

-- Wake whoever waits for this job, on any gateway.
local function tell(id, version, status)
  redis.call('PUBLISH', key('changed'), id .. ' ' .. version .. ' ' .. status)
end

local function touch(id, status)
  local version = redis.call('HINCRBY', key('job', id), 'version', 1)
  tell(id, version, status)
  return version
end

local function emit_status(id, status, attempt, version)
  emit(id, 'status', cjson.encode({status = status, attempt = tonumber(attempt), version = version}))
end

-- The partial text and the preview of a run that has ended; the files go elsewhere.
local function drop_partial(id)
  local shown = redis.call('HMGET', key('job', id), 'preview', 'samples')
  if shown[1] then redis.call('HDEL', key('job', id), 'preview') end
  local samples = tonumber(shown[2] or '0')
  for sample = 0, samples - 1 do
    redis.call('DEL', key('partial', id, sample))
    redis.call('HDEL', key('job', id), 'characters ' .. sample)
  end
  if samples > 0 then redis.call('HSET', key('job', id), 'samples', 0) end
end

-- Until when a job may wait for a worker; 0 = as long as it likes. Once begun, it has started.
local function patience(deadline, start_by, attempt)
  if start_by > 0 and attempt == 0 and (deadline == 0 or start_by < deadline) then return start_by end
  return deadline
end

-- What the metrics tell of is counted as it happens, in one hash: `<figure> <labels> <part>`.
local function count(figure, n) redis.call('HINCRBY', ns .. ':figures', figure, n or 1) end

-- The bounds of histograms, in seconds.
local function histogram_bounds()
  return {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}
end

-- Into a histogram: one more up to the first bound that it does not exceed.
local function observe(figure, kind, ms)
  local least = '+Inf'
  for _, seconds in ipairs(histogram_bounds()) do
    if ms <= seconds * 1000 then
      least = seconds
      break
    end
  end
  count(figure .. ' ' .. kind .. ' ' .. least)
  count(figure .. ' ' .. kind .. ' ms', ms)
end

-- A job waits with its turn in three lines: that of all, that of its kind, and that of its client's
-- jobs of one priority, which name their kinds.
local function enter_ready(id, kind, client, priority, turn, until_, cost, together)
  redis.call('ZADD', key('ready'), turn, id)
  redis.call('ZADD', key('ready', kind), turn, id)
  redis.call('ZADD', key('waiting', client, priority), turn, id .. ' ' .. kind)
  note_work(id, kind, cost, together)
  if until_ > 0 then redis.call('ZADD', key('deadlines'), until_, id) end
end

local function leave_lines(id, kind, client, priority)
  redis.call('ZREM', key('ready'), id)
  redis.call('ZREM', key('ready', kind), id)
  redis.call('ZREM', key('deadlines'), id)
  if client then redis.call('ZREM', key('waiting', client, priority or 'normal'), id .. ' ' .. kind) end
end

local function leave_ready(id, kind, client, priority)
  leave_lines(id, kind, client, priority)
  drop_work(id)
end

-- A client has one job less; a job that never began gives its turn in the line back.
local function leave_client(client, bytes, unused_turn)
  local owner = key('client', client)
  if unused_turn > 0 then redis.call('HINCRBYFLOAT', owner, 'tag', -unused_turn) end
  if bytes > 0 then redis.call('HINCRBY', owner, 'bytes', -bytes) end
  -- below zero: it had submitted nothing for so long that it was forgotten
  if redis.call('HINCRBY', owner, 'active', -1) < 0 then redis.call('DEL', owner) end
end

-- A bucket that holds a minute's submits and fills up steadily, kept as the time until which its
-- client has used up its share (the generic cell rate algorithm, ITU-T I.371). `left` is how many more
-- it may make at once (-1: any number), `wait` how long until one more, if there is none left, else all.
local function bucket(client, per_minute, now)
  local MINUTE_MS, ROUNDING = 60000, 1e-3
  local owner, interval = key('client', client), per_minute > 0 and MINUTE_MS / per_minute or 0
  local paid_until = math.max(tonumber(redis.call('HGET', owner, 'paid_until') or '0'), now)
  local self = {is_empty = paid_until + interval - now > MINUTE_MS + ROUNDING}
  function self.pay()
    if per_minute == 0 then return end
    paid_until = paid_until + interval
    redis.call('HSET', owner, 'paid_until', paid_until)
    redis.call('PEXPIRE', owner, CLIENT_TTL_MS)
  end
  function self.state()
    if per_minute == 0 then return -1, 0 end
    local room = MINUTE_MS - (paid_until - now)
    local left = math.max(math.floor((room + ROUNDING) / interval), 0)
    return left, math.max(math.ceil(left > 0 and paid_until - now or interval - room), 0)
  end
  return self
end

-- The bytes of a client's pictures are counted when they come, and given back when their record has
-- gone: by those that go by themselves, in `keeping` by when they may, once somebody looks.
local function count_kept(client, sha, bytes, sign, expires)
  local keeping, kept, entry = key('keeping', client), key('kept', client), sha .. ' ' .. bytes
  if sign > 0 then redis.call('ZADD', keeping, expires, entry)
  elseif redis.call('ZREM', keeping, entry) == 0 then return end
  if redis.call('INCRBY', kept, sign * bytes) <= 0 then redis.call('DEL', kept) end
  redis.call('PEXPIREAT', keeping, expires + CLIENT_TTL_MS)
  redis.call('PEXPIREAT', kept, expires + CLIENT_TTL_MS)
end

-- A picture's file is shared by all who sent it; each of them has a record of its own, which ends by
-- itself. This one stays until `expires` at least, and without an end while it is held.
local function extend_asset(client, sha, expires)
  local asset = key('asset', client, sha)
  local known = redis.call('HGET', asset, 'expires_at')
  if not known then return end -- its owner has removed it
  expires = math.max(expires, tonumber(known))
  redis.call('HSET', asset, 'expires_at', expires)
  redis.call('ZADD', key('assets'), 'GT', expires, sha)
  if redis.call('HEXISTS', key('holding', client), sha) == 0 then
    redis.call('PEXPIREAT', asset, expires)
  end
end

local function let_go(counts, name)
  if redis.call('HINCRBY', counts, name, -1) <= 0 then redis.call('HDEL', counts, name) end
end

local function leave_assets(client, names, expires)
  for sha in string.gmatch(names, '%S+') do
    let_go(key('held'), sha)
    let_go(key('holding', client), sha)
    extend_asset(client, sha, expires)
  end
end

-- A client's picture as it is shown: sha256, facts, when it came, when it goes (0: not while it is held).
local function asset_view(client, sha)
  local held = redis.call('HMGET', key('asset', client, sha), 'facts', 'created_at', 'expires_at')
  if not held[1] then return nil end
  local is_held = redis.call('HEXISTS', key('holding', client), sha) == 1
  return {sha, held[1], tonumber(held[2]), is_held and 0 or tonumber(held[3])}
end

-- From here on a job only waits to be forgotten.
local function retire(id, client, expires, keep)
  redis.call('PEXPIREAT', key('job', id), expires)
  redis.call('PEXPIREAT', key('events', id), expires)
  redis.call('SET', key('tombstone', id), client, 'PX', tonumber(keep[1]) + tonumber(keep[2]))
  redis.call('ZADD', key('expiring'), expires, id)
end

-- Messages that are to be delivered wait in one line; how many are each client's is counted beside it.
local function line_up_hook(id, client, due)
  if redis.call('ZADD', key('hooks'), due, id) == 1 then redis.call('HINCRBY', key('hooked'), client, 1) end
end

local function take_hook_out(id, client)
  if redis.call('ZREM', key('hooks'), id) == 0 or not client then return end
  let_go(key('hooked'), client)
end

-- Who wanted to be told of such an ending is sent a message; it is due at once, under the job's id.
local function enqueue_hook(id, status, client, url, events, now)
  if not url then return end
  if events and not string.find(' ' .. events .. ' ', ' ' .. status .. ' ', 1, true) then return end
  redis.call('HSET', key('hook', id), 'url', url, 'client', client, 'event', status,
    'status', 'pending', 'attempts', 0, 'claim', 0)
  line_up_hook(id, client, now)
end

local function drop_hook(id)
  take_hook_out(id, redis.call('HGET', key('hook', id), 'client'))
  redis.call('DEL', key('hook', id), key('hooklog', id))
end

-- A message as it is shown: its fields, what was tried so far, and when it is due (false: never again).
local function hook_view(id)
  return {redis.call('HGETALL', key('hook', id)), redis.call('LRANGE', key('hooklog', id), 0, -1),
    redis.call('ZSCORE', key('hooks'), id)}
end

-- Terminal is final. `facts` are the fields that this ending adds: outputs, result, error.
-- `keep` = {retention_ms, tombstone_ms}.
local function settle(id, status, facts, keep, now)
  local job = key('job', id)
  local held = redis.call('HMGET', job, 'kind', 'client', 'attempt', 'status', 'assets', 'bytes',
    'spacing', 'priority', 'webhook', 'webhook_events', 'version')
  local kind, client, attempt = held[1], held[2], held[3]
  local expires, version = now + tonumber(keep[1]), held[11] + 1
  redis.call('HSET', job, 'status', status, 'finished_at', now, 'expires_at', expires,
    'version', version, unpack(facts))
  if held[4] == 'queued' then
    leave_ready(id, kind, client, held[8] or nil)
  else
    redis.call('ZREM', key('leases'), id)
    drop_work(id)
  end
  local never_began = held[4] == 'queued' and attempt == '0'
  leave_client(client, tonumber(held[6] or '0'), never_began and tonumber(held[7] or '1') or 0)
  drop_partial(id)
  if held[5] then leave_assets(client, held[5], expires) end
  redis.call('HINCRBY', key('outcomes'), kind .. ' ' .. status, 1)
  tell(id, version, status)
  emit_status(id, status, attempt, version)
  emit(id, 'done', cjson.encode({status = status, version = version}))
  enqueue_hook(id, status, client, held[9], held[10], now)
  retire(id, client, expires, keep)
end

-- By time, so that a Redis that lost its last second gives no version twice.
local function mark_keys_changed()
  local time = redis.call('TIME')
  redis.call('SET', key('keys', 'version'), time[1] .. '.' .. time[2])
end

local function failure(code, detail, retryable)
  return cjson.encode({code = code, detail = detail, retryable = retryable})
end

-- Give a claimed job back. Its place in the line is the one it had. A lost lease is a strike.
local function requeue(id, blame, bell, keep, now)
  local job = key('job', id)
  local held = redis.call('HMGET', job, 'status', 'kind', 'tag', 'attempt', 'deadline_at', 'client',
    'priority', 'cost', 'together')
  local status, kind, tag, attempt, deadline = held[1], held[2], held[3], held[4], tonumber(held[5])
  if status == 'canceling' then return settle(id, 'canceled', {}, keep, now) end
  if status ~= 'running' then return redis.call('ZREM', key('leases'), id) end
  if blame and redis.call('HINCRBY', job, 'strikes', 1) >= MAX_STRIKES then
    redis.call('ZADD', key('dead'), now, id)
    local detail = 'Lost its worker ' .. MAX_STRIKES .. ' times; it is not tried again'
    return settle(id, 'failed', {'error', failure('attempts_exhausted', detail, true)}, keep, now)
  end
  redis.call('ZREM', key('leases'), id)
  drop_partial(id)
  count((blame and 'recoveries ' or 'handbacks ') .. kind)
  redis.call('HSET', job, 'status', 'queued', 'step', 0, 'total', 0, 'worker', '')
  enter_ready(id, kind, held[6], held[7] or 'normal', tag, deadline, held[8], held[9] or '1')
  emit_status(id, 'queued', attempt, touch(id, 'queued'))
  ring(bell, id .. '.' .. attempt .. '.' .. now, now)
end

-- A queued job ends now, a running one within a step, an ended one stays. Returns its status then.
local function cancel(id, keep, now)
  local status = field(id, 'status')
  if status == 'queued' then
    settle(id, 'canceled', {}, keep, now)
    return 'canceled'
  elseif status == 'running' then
    redis.call('HSET', key('job', id), 'status', 'canceling')
    emit_status(id, 'canceling', field(id, 'attempt'), touch(id, 'canceling'))
    return 'canceling'
  end
  return status
end

-- A job as a reader sees it: its fields, what places it among the others, and what is foreseen of it.
local function view_told(id, position, now, told)
  local foreseen = told and {math.floor(told.low), math.ceil(told.high)} or {}
  return {redis.call('HGETALL', key('job', id)), position, now, foreseen}
end

local function view(id, now)
  local held = redis.call('HMGET', key('job', id), 'status', 'kind', 'cost', 'created_at', 'started_at',
    'step', 'total', 'stepped_at')
  local cost = tonumber(held[3])
  if held[1] == 'queued' then
    local position = redis.call('ZRANK', key('ready'), id) or -1
    return view_told(id, position, now, foresee(held[2], cost, position, now, tonumber(held[4])))
  end
  local told = held[1] == 'running' and foresee_end(held[2], cost, now, {unpack(held, 5)})
  return view_told(id, -1, now, told)
end

-- 'found' | 'gone' (it was there once) | 'missing'. Another client's job is missing.
local function lookup(id, client)
  local owner = field(id, 'client')
  local state = 'found'
  if not owner then
    owner = redis.call('GET', key('tombstone', id))
    state = 'gone'
  end
  if not owner or (client ~= '' and owner ~= client) then return 'missing' end
  return state
end
