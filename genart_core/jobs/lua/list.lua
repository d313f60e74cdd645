#!lua flags=allow-oom
-- A client's jobs, newest first. Job ids sort by time, so the cursor is the last id of the page before.
local client, cursor, limit, kind, status = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local now, found, looked_at = now_ms(), {}, 0
local from = cursor == '' and '+' or '(' .. cursor
while #found < limit and looked_at < 5000 do
  local ids = redis.call('ZRANGE', key('jobs', client), from, '-', 'BYLEX', 'REV', 'LIMIT', 0, 100)
  if #ids == 0 then return {found, ''} end
  for _, id in ipairs(ids) do
    looked_at = looked_at + 1
    from = '(' .. id
    local held = redis.call('HMGET', key('job', id), 'kind', 'status')
    if not held[1] then
      redis.call('ZREM', key('jobs', client), id)
    elseif (kind == '' or kind == held[1]) and (status == '' or status == held[2]) then
      found[#found + 1] = view(id, now)
      if #found >= limit then return {found, id} end
    end
  end
end
return {found, string.sub(from, 2)}
