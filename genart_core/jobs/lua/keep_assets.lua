#!lua
-- Pictures are about to be named by a job: they stay for so many ms, and while a job that may still
-- run names them. ARGV: ms, then for each its sha256 and whether its bytes are at hand.
-- Replies for each: kept | unknown (nobody has its bytes) | leaving (its file is just being removed).
local until_, replies = now_ms() + tonumber(ARGV[1]), {}
for i = 2, #ARGV, 2 do
  local sha, at_hand = ARGV[i], ARGV[i + 1] == '1'
  if redis.call('EXISTS', key('leaving', sha)) == 1 then
    replies[#replies + 1] = 'leaving'
  elseif not at_hand and not redis.call('ZSCORE', key('assets'), sha) then
    replies[#replies + 1] = 'unknown'
  else
    redis.call('ZADD', key('assets'), 'GT', until_, sha)
    replies[#replies + 1] = 'kept'
  end
end
return replies
