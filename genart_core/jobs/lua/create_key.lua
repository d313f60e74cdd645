#!lua
-- A key is kept under its digest. Sent again because the first reply was lost, it stands.
-- Asked for as the `first` one, it is kept only if no other was ever made; if it `changed`, only if
-- nobody has revoked it meanwhile.
if ARGV[3] == 'changed' and redis.call('HEXISTS', key('keys'), ARGV[1]) == 0 then return 'late' end
if ARGV[3] == 'first' and redis.call('EXISTS', key('keys', 'version')) == 1 then
  return redis.call('HEXISTS', key('keys'), ARGV[1]) == 1 and 'ok' or 'late'
end
redis.call('HSET', key('keys'), ARGV[1], ARGV[2])
mark_keys_changed()
return 'ok'
