#!lua
-- Progress and partial text of a running job: ok | lost.
local id, fence, step, total = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'version', 'samples')
if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then return 'lost' end

-- In UTF-8 every character has one byte that is no continuation byte.
local function count_characters(text) return select(2, string.gsub(text, '[^\128-\191]', '')) end

local function without_first(characters, text)
  local at = 1
  for _ = 1, characters do at = string.find(text, '[^\128-\191]', at + 1) or #text + 1 end
  return string.sub(text, at)
end

local samples, tokens = tonumber(held[4] or '0'), false
for i = 5, #ARGV, 3 do
  local sample, offset, text = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2]
  local counter = 'characters ' .. sample
  local known = tonumber(field(id, counter) or '0')
  if known > offset then
    -- sent again because the first reply was lost: only what follows is new
    text, offset = without_first(known - offset, text), known
  end
  if text ~= '' then
    local partial = key('partial', id, sample)
    redis.call('APPEND', partial, text)
    redis.call('PEXPIRE', partial, CLIENT_TTL_MS)
    redis.call('HSET', key('job', id), counter, offset + count_characters(text))
    samples = math.max(samples, sample + 1)
    emit(id, 'token', cjson.encode({sample = sample, offset = offset, text = text}))
    tokens = true
  end
end
if tokens then redis.call('HSET', key('job', id), 'samples', samples) end
if step ~= '' then
  redis.call('HSET', key('job', id), 'step', step, 'total', total, 'stepped_at', now_ms())
  local version = touch(id, held[2])
  emit(id, 'progress', cjson.encode({step = tonumber(step), total = tonumber(total), version = version}))
elseif tokens then
  redis.call('PUBLISH', key('changed'), id .. ' ' .. held[3] .. ' ' .. held[2])
end
return 'ok'
