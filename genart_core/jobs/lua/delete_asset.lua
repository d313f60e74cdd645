#!lua flags=allow-oom
-- A client removes one of its pictures: found | missing. The file goes too, at the next sweep, unless
-- somebody else has it or a job that may still run names it.
local client, sha, now = ARGV[1], ARGV[2], now_ms()
local asset, owners, latest = key('asset', client, sha), key('owners', sha), now
local bytes = redis.call('HGET', asset, 'bytes')
if redis.call('DEL', asset) == 0 then return 'missing' end
if bytes then count_kept(client, sha, tonumber(bytes), -1, now) end
redis.call('ZREM', key('library', client), sha)
redis.call('SREM', owners, client)
for _, other in ipairs(redis.call('SMEMBERS', owners)) do
  local expires = redis.call('HGET', key('asset', other, sha), 'expires_at')
  if expires then latest = math.max(latest, tonumber(expires)) else redis.call('SREM', owners, other) end
end
redis.call('ZADD', key('assets'), latest, sha)
return 'found'
