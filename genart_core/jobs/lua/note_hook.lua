#!lua flags=allow-oom
-- What became of an attempt: ok | lost (the message is another's by now, or was deleted). `status` is
-- `pending` if it is tried again `after_ms` from now; its body is kept then, since the job may be gone.
local id, claim, status, after_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local attempt, body = ARGV[5], ARGV[6]
local HOOK_LOG = 20 -- attempts to deliver a message that are kept
local hook, log, now = key('hook', id), key('hooklog', id), now_ms()
if redis.call('HGET', hook, 'claim') ~= claim then return 'lost' end
redis.call('HINCRBY', hook, 'claim', 1)
redis.call('HINCRBY', hook, 'attempts', 1)
redis.call('HSET', hook, 'status', status)
redis.call('RPUSH', log, attempt)
redis.call('LTRIM', log, -HOOK_LOG, -1)
if status == 'pending' then
  redis.call('HSET', hook, 'body', body)
  redis.call('ZADD', key('hooks'), now + after_ms, id)
  return 'ok'
end
local expires = field(id, 'expires_at')
if not expires then
  drop_hook(id)
  return 'ok'
end
redis.call('HDEL', hook, 'body')
take_hook_out(id, redis.call('HGET', hook, 'client'))
redis.call('PEXPIREAT', hook, expires)
redis.call('PEXPIREAT', log, expires)
return 'ok'
