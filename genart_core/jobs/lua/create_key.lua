#!lua
-- A key is kept under its digest. Sent again because the first reply was lost, it stands.
redis.call('HSET', key('keys'), ARGV[1], ARGV[2])
mark_keys_changed()
return 'ok'
