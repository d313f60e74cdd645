#!lua
-- How a running job looks so far, in place of what was shown before: ok | lost. `facts` say where the
-- file lies and what it is; the event tells readers its number.
local id, fence, facts = ARGV[1], ARGV[2], ARGV[3]
local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'version')
if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then return 'lost' end
local number = redis.call('HINCRBY', key('job', id), 'previews', 1) - 1
redis.call('HSET', key('job', id), 'preview', facts)
local shown = cjson.decode(facts)
emit(id, 'preview', cjson.encode({number = number, media_type = shown.media_type,
  width = shown.width, height = shown.height}))
redis.call('PUBLISH', key('changed'), id .. ' ' .. held[3] .. ' ' .. held[2])
return 'ok'
