#!lua flags=allow-oom
-- A client's jobs, newest first. Job ids sort by time, so the cursor is the last id of the page before
-- and newcomers don't disturb it. Statuses are a list with blanks between; "" is any.
local client, below, lowest, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local kind, statuses, tag = ARGV[5], ARGV[6], ARGV[7]
local since, before = tonumber(ARGV[8]), tonumber(ARGV[9])
local now, found, looked_at = now_ms(), {}, 0
local from = below == '' and '+' or '(' .. below
local to = lowest == '' and '-' or '[' .. lowest

-- Whether a list with blanks between has this word.
local function lists(words, word)
  return not string.find(word, ' ', 1, true)
    and string.find(' ' .. words .. ' ', ' ' .. word .. ' ', 1, true) ~= nil
end

local function matches(held)
  local created = tonumber(held[4])
  return (kind == '' or kind == held[1]) and (statuses == '' or lists(statuses, held[2]))
    and (tag == '' or lists(held[3] or '', tag))
    and (since < 0 or created >= since) and (before < 0 or created < before)
end

while #found < limit and looked_at < 5000 do
  local ids = redis.call('ZRANGE', key('jobs', client), from, to, 'BYLEX', 'REV', 'LIMIT', 0, 100)
  if #ids == 0 then return {found, ''} end
  for _, id in ipairs(ids) do
    looked_at = looked_at + 1
    from = '(' .. id
    local held = redis.call('HMGET', key('job', id), 'kind', 'status', 'tags', 'created_at')
    if not held[1] then
      redis.call('ZREM', key('jobs', client), id)
    elseif matches(held) then
      found[#found + 1] = view(id, now)
      if #found >= limit then return {found, id} end
    end
  end
end
return {found, string.sub(from, 2)}
