#!lua flags=allow-oom
-- Take messages that are due, each for a while: if it isn't noted by then what became of one, it is due
-- again. A client whose receiver is slow has no more than `most` of them on their way, so that it can't
-- keep the others waiting; the rest of its messages go behind theirs.
local limit, lease_ms, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local LOOKED_AT, STEP_BACK_MS = 200, 1000
local now, taken, on_their_way = now_ms(), {}, {}
if limit == 0 then return taken end

local function count(client)
  on_their_way[client] = (on_their_way[client] or 0) + 1
  return on_their_way[client]
end

for i = 4, #ARGV do count(ARGV[i]) end
local due = redis.call('ZRANGEBYSCORE', key('hooks'), '-inf', now, 'LIMIT', 0, LOOKED_AT)
for _, id in ipairs(due) do
  local held = redis.call('HMGET', key('hook', id), 'url', 'client', 'attempts', 'body')
  local is_known = held[1] and (held[4] or redis.call('EXISTS', key('job', id)) == 1)
  if not is_known then
    drop_hook(id)
  elseif (on_their_way[held[2]] or 0) >= most then
    redis.call('ZADD', key('hooks'), now + STEP_BACK_MS, id)
  else
    count(held[2])
    redis.call('ZADD', key('hooks'), now + lease_ms, id)
    local claim = redis.call('HINCRBY', key('hook', id), 'claim', 1)
    taken[#taken + 1] = {id, claim, held[1], held[2], tonumber(held[3]), held[4] or '',
      held[4] and {} or view(id, now)}
    if #taken >= limit then break end
  end
end
return taken
