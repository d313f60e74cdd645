#!lua flags=allow-oom
-- The files of these jobs can't be removed at present: they are due again after a while (ms), behind
-- those whose files can be.
for n = 2, #ARGV do
  redis.call('ZADD', key('expiring'), 'XX', now_ms() + tonumber(ARGV[1]), ARGV[n])
end
return 'ok'
