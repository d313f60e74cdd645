#!lua flags=allow-oom
-- Forget a key. The version stays: where keys were in use, none is not the same as never any.
local gone = redis.call('HDEL', key('keys'), ARGV[1])
mark_keys_changed()
return gone
