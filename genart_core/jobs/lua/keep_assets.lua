#!lua
-- A client's pictures are about to be stored or named by a job: they stay for so many ms, and while a
-- job that may still run names them. ARGV: client, ms, then for each its sha256 and what is known of it
-- ('' = its bytes are not at hand). Replies for each: new | known | unknown (this client has no such
-- picture) | leaving (its file is just being removed).
local client, now, replies = ARGV[1], now_ms(), {}
local until_ = now + tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local sha, facts = ARGV[i], ARGV[i + 1]
  local asset = key('asset', client, sha)
  local is_known = redis.call('EXISTS', asset) == 1
  if redis.call('EXISTS', key('leaving', sha)) == 1 then
    replies[#replies + 1] = 'leaving'
  elseif facts == '' and not is_known then
    replies[#replies + 1] = 'unknown'
  else
    if not is_known then
      redis.call('HSET', asset, 'facts', facts, 'created_at', now, 'expires_at', 0)
      redis.call('ZADD', key('library', client), now, sha)
      redis.call('SADD', key('owners', sha), client)
    end
    extend_asset(client, sha, until_)
    replies[#replies + 1] = is_known and 'known' or 'new'
  end
end
return replies
