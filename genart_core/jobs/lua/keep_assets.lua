#!lua
-- A client's pictures are about to be stored or named by a job: they stay for so many ms, and while a
-- job that may still run names them. ARGV: client, ms, most bytes that it may have kept (0: any
-- number), submits a minute that this counts among (0: it counts for none), then for each picture its
-- sha256, its bytes and what is known of it ('' = it is not at hand). Replies: ok | bytes | submits
-- (nothing was kept then), for each new | known | unknown (this client has no such picture) | leaving
-- (its file is just being removed), the bytes kept, the submits left and when there are more.
local client, now, replies = ARGV[1], now_ms(), {}
local until_, max_bytes, per_minute = now + tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local submits = bucket(client, per_minute, now)
-- What a client has kept, after what has gone by itself was given back.
local function kept_bytes(client, now)
  local keeping, LOOKED_AT, LATER_MS = key('keeping', client), 100, 60000
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', keeping, '-inf', now, 'LIMIT', 0, LOOKED_AT)) do
    local sha, bytes = string.match(entry, '^(%S+) (%S+)$')
    local expires = redis.call('HGET', key('asset', client, sha), 'expires_at')
    if expires then -- it was extended, or is held
      redis.call('ZADD', keeping, math.max(tonumber(expires), now + LATER_MS), entry)
    else
      count_kept(client, sha, tonumber(bytes), -1, now)
    end
  end
  return tonumber(redis.call('GET', key('kept', client)) or '0')
end

local kept, added = kept_bytes(client, now), 0

local function answer(outcome) return {outcome, replies, kept, submits.state()} end

for i = 5, #ARGV, 3 do
  if ARGV[i + 2] ~= '' and redis.call('EXISTS', key('asset', client, ARGV[i])) == 0 then
    added = added + tonumber(ARGV[i + 1])
  end
end
if max_bytes > 0 and added > 0 and kept + added > max_bytes then return answer('bytes') end
if per_minute > 0 and submits.is_empty then return answer('submits') end

for i = 5, #ARGV, 3 do
  local sha, bytes, facts = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  local asset = key('asset', client, sha)
  local is_known = redis.call('EXISTS', asset) == 1
  if redis.call('EXISTS', key('leaving', sha)) == 1 then
    replies[#replies + 1] = 'leaving'
  elseif facts == '' and not is_known then
    replies[#replies + 1] = 'unknown'
  else
    if not is_known then
      redis.call('HSET', asset, 'facts', facts, 'bytes', bytes, 'created_at', now, 'expires_at', 0)
      redis.call('ZADD', key('library', client), now, sha)
      redis.call('SADD', key('owners', sha), client)
      count_kept(client, sha, bytes, 1, until_)
      kept = kept + bytes
    end
    extend_asset(client, sha, until_)
    replies[#replies + 1] = is_known and 'known' or 'new'
  end
end
if per_minute > 0 then submits.pay() end
return answer('ok')
