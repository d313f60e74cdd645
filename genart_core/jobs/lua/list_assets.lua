#!lua flags=allow-oom
-- A client's pictures, newest first, with the present time and the cursor of the next page. The cursor
-- says when the last one came, in 13 digits, and its sha256: of several that came at once, the one with
-- the greater sha256 is first.
local client, cursor, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local library, found, offset = key('library', client), {}, 0
local from = cursor == '' and '+inf' or string.sub(cursor, 1, 13)
local after = string.sub(cursor, 14)
while true do
  local page = redis.call('ZRANGE', library, from, '-inf', 'BYSCORE', 'REV', 'LIMIT', offset, 100,
    'WITHSCORES')
  if #page == 0 then return {now_ms(), found, ''} end
  for i = 1, #page, 2 do
    local sha, came = page[i], string.format('%013.0f', page[i + 1])
    local view = asset_view(client, sha)
    if not view then
      redis.call('ZREM', library, sha)
    else
      offset = offset + 1
      if came ~= from or sha < after then found[#found + 1] = view end
    end
    if #found >= limit then return {now_ms(), found, came .. sha} end
  end
end
