#!lua flags=allow-oom
-- What became of the files of assets that were due: with 0 they are gone, else they could not be
-- removed and are due again after so many ms.
local after = tonumber(ARGV[1])
for i = 2, #ARGV do
  if after == 0 then
    redis.call('ZREM', key('assets'), ARGV[i])
  else
    redis.call('ZADD', key('assets'), 'XX', now_ms() + after, ARGV[i])
  end
  redis.call('DEL', key('leaving', ARGV[i]))
end
return 'ok'
