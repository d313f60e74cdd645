#!lua
-- Idempotency, quota, admission, record, place in line, event and doorbell in one step.
local id, kind, client, request = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local batch_key, cost = ARGV[5], ARGV[6]
local idempotency_key, fingerprint, idempotency_ms = ARGV[7], ARGV[8], tonumber(ARGV[9])
local max_active, max_ready = tonumber(ARGV[10]), tonumber(ARGV[11])
local deadline_ms, bell = tonumber(ARGV[12]), {ARGV[13], ARGV[14]}
local assets = ARGV[15] -- sha256 of each picture that it names
local cache, version, weights, sha256 = ARGV[16], ARGV[17], ARGV[18], ARGV[19]
local may_reuse, keep = ARGV[20] == '1', {ARGV[21], ARGV[22]}
local now = now_ms()

-- sent again because the first reply was lost: it stands
if redis.call('EXISTS', key('job', id)) == 1 then return {'created', id, view(id, now)} end

local replay = idempotency_key ~= '' and key('idempotency', client, idempotency_key)
if replay then
  local known = redis.call('HMGET', replay, 'id', 'fingerprint')
  if known[1] and redis.call('EXISTS', key('job', known[1])) == 1 then
    if known[2] ~= fingerprint then return {'conflict', known[1]} end
    return {'replayed', known[1], view(known[1], now)}
  end
end

local function note_key()
  if not replay then return end
  redis.call('HSET', replay, 'id', id, 'fingerprint', fingerprint)
  redis.call('PEXPIRE', replay, idempotency_ms)
end

local source = may_reuse and made_before(client, cache, version, weights, sha256)
if source then
  reuse(id, source, {'id', id, 'kind', kind, 'client', client, 'request', request, 'cost', cost},
    assets, keep, now)
  note_key()
  return {'created', id, view(id, now)}
end

local owner = key('client', client)
local held = redis.call('HMGET', owner, 'active', 'tag')
if tonumber(held[1] or '0') >= max_active then return {'quota', id} end
if redis.call('ZCARD', key('ready')) >= max_ready then return {'full', id} end

-- Start-time fair queueing (Goyal et al. 1996): a client's jobs are spaced one apart in virtual time,
-- so a newcomer stands beside the first waiting job of a heavy client, not behind its last.
local tag = math.max(tonumber(redis.call('GET', key('virtual')) or '0'), tonumber(held[2] or '0'))
redis.call('HSET', owner, 'tag', tag + 1)
redis.call('HINCRBY', owner, 'active', 1)
redis.call('PEXPIRE', owner, CLIENT_TTL_MS)

local deadline = deadline_ms > 0 and now + deadline_ms or 0
redis.call('HSET', key('job', id), 'id', id, 'kind', kind, 'client', client, 'request', request,
  'status', 'queued', 'version', 1, 'attempt', 0, 'strikes', 0, 'batch_key', batch_key,
  'cost', cost, 'tag', tag, 'created_at', now, 'deadline_at', deadline, 'step', 0, 'total', 0)
if assets ~= '' then
  redis.call('HSET', key('job', id), 'assets', assets)
  hold_assets(client, assets)
end
redis.call('ZADD', key('ready'), tag, id)
redis.call('ZADD', key('ready', kind), tag, id)
if deadline > 0 then redis.call('ZADD', key('deadlines'), deadline, id) end
redis.call('ZADD', key('jobs', client), 0, id)
redis.call('PEXPIRE', key('jobs', client), CLIENT_TTL_MS)
if cache ~= '' then redis.call('HSET', key('job', id), 'cache', cache) end
note_key()
redis.call('HINCRBY', key('outcomes'), kind .. ' submitted', 1)
emit_status(id, 'queued', 0, 1)
ring(bell, id, now)
return {'created', id, view(id, now)}
