#!lua flags=no-writes
-- All keys, unless the reader has this version of them.
local version = redis.call('GET', key('keys', 'version')) or ''
if version == ARGV[1] then return {version} end
return {version, redis.call('HGETALL', key('keys'))}
