#!lua flags=allow-oom
-- What became of the files of assets that were due: with 0 they are gone, else they could not be
-- removed and are due again after so many ms.
local after = tonumber(ARGV[1])
for i = 2, #ARGV do
  local sha = ARGV[i]
  if after == 0 then
    for _, client in ipairs(redis.call('SMEMBERS', key('owners', sha))) do
      local asset = key('asset', client, sha)
      local bytes = redis.call('HGET', asset, 'bytes')
      if bytes then count_kept(client, sha, tonumber(bytes), -1, now_ms()) end
      redis.call('DEL', asset)
      redis.call('ZREM', key('library', client), sha)
    end
    redis.call('DEL', key('owners', sha))
    redis.call('ZREM', key('assets'), sha)
  else
    redis.call('ZADD', key('assets'), 'XX', now_ms() + after, sha)
  end
  redis.call('DEL', key('leaving', sha))
end
return 'ok'
