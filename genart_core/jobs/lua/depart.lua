#!lua flags=allow-oom
redis.call('DEL', key('worker', ARGV[1]))
redis.call('ZREM', key('workers'), ARGV[1])
return 'ok'
