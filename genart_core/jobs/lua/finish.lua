#!lua flags=allow-oom
-- The owner ends its job: ok | canceled (a cancel came first) | lost (the fence is not ours any more).
local id, fence, status, keep = ARGV[1], ARGV[2], ARGV[3], {ARGV[4], ARGV[5]}
local share_ms, facts = tonumber(ARGV[6]), {unpack(ARGV, 7)}
local now = now_ms()

local MEMORY = 0.97 -- what a run known before weighs beside the next one
local HASTE = 0.1 -- what the latest run, of any kind, says of how slow everything is at present
local OUTLIER = 4 -- runs so many times off teach no more than that
local GUESSES = 128 -- past guesses kept per kind and situation
local MISSED = 0.03 -- share of ends that is to lie beyond each side
local WIDEN, NARROW = 1.12, 1.12 ^ (-MISSED / (1 - MISSED)) -- in balance at that share
local ENOUGH = math.ceil(1 / MISSED) -- guesses that a quantile needs
local FEW = 8 -- guesses in a situation, below which it is taken for the one that is most like it

-- Let the line of a kind follow one more run.
local function learn(kind, what, cost, ms)
  local line = line_of(kind, what)
  local known = line and math.max(line[1] + line[2] * cost, 1)
  if what == 'run' and known then
    local off = math.log(math.min(math.max(ms / known, 1 / OUTLIER), OUTLIER))
    local slow = tonumber(redis.call('HGET', key('pace', ALL), 'slow') or '0')
    redis.call('HSET', key('pace', ALL), 'slow', string.format('%.6g', slow + HASTE * (off - slow)))
  end
  line = line or {0, 0, 0, 0, 0, 0, 0}
  if known then ms = math.min(math.max(ms, known / OUTLIER), known * OUTLIER) end
  local weight = 1 / (known or math.max(ms, 1)) ^ 2
  local added = {1, cost, cost * cost, ms, cost * ms}
  for i = 1, 5 do line[i + 2] = line[i + 2] * MEMORY + weight * added[i] end
  local n, c, cc, t, ct = line[3], line[4], line[5], line[6], line[7]
  local spread = n * cc - c * c
  local a, b = 0, ct / cc
  if spread > 1e-3 * n * cc then -- of one cost alone, time is taken as proportional to it
    b = (n * ct - c * t) / spread
    a = (t - b * c) / n
    if b < 0 then a, b = t / n, 0 elseif a < 0 then a, b = 0, ct / cc end
  end
  line[1], line[2] = a, b
  lines[what .. ' ' .. kind] = line
  redis.call('HSET', key('pace', kind), what, table.concat(line, ' '))
end

-- Widen or narrow one side by whether a job, of any kind, ended beyond it.
local function adapt(side, was_missed)
  local margin = tonumber(redis.call('HGET', key('pace', ALL), side) or '1')
  margin = margin * (was_missed and WIDEN or NARROW)
  redis.call('HSET', key('pace', ALL), side, string.format('%.6g', math.min(math.max(margin, 1 / WIDEST), WIDEST)))
end

-- Remember how far off a guess was, and work out quantiles now and then, once there are so many.
local function remember(kind, situation, ratio, few)
  local pace, list = key('pace', kind), key('guesses', kind, situation)
  local count = redis.call('LPUSH', list, string.format('%.4g', ratio))
  redis.call('LTRIM', list, 0, GUESSES - 1)
  if count < few then return end
  if count > ENOUGH and redis.call('HINCRBY', pace, situation .. ' judged', 1) % 8 ~= 0 then return end
  local seen = redis.call('LRANGE', list, 0, -1)
  for i, each in ipairs(seen) do seen[i] = tonumber(each) end
  table.sort(seen)
  local n = #seen
  local below, above = math.floor((n + 1) * MISSED), math.ceil((n + 1) * (1 - MISSED))
  -- fewer than the quantile needs: beyond the outermost
  local more = above > n and 1 + 4 / n or 1
  redis.call('HSET', pace, situation .. ' low', seen[math.max(below, 1)] / more,
    situation .. ' high', seen[math.min(above, n)] * more)
end

-- Take in that a job took `ms`, where `known` was guessed, and `low` to `high` told.
local function judge(kind, situation, ms, known, low, high)
  adapt(situation .. ' sooner', ms < low)
  adapt(situation .. ' later', ms > high)
  local ratio = (ms + GRAIN) / (known + GRAIN)
  remember(kind, situation, ratio, ENOUGH)
  remember(ALL, situation, ratio, LIKE[situation] and FEW or 1)
end

-- Whether the first runs of a kind were no measure: they bring its model, even torch, into memory.
local function were_cold(kind, known, ms)
  return (ms + GRAIN) * OUTLIER < known + GRAIN and redis.call('LLEN', key('guesses', kind, 'run')) < FEW
end

-- Learn a kind anew.
local function forget(kind)
  redis.call('HDEL', key('pace', kind), 'run', 'share')
  lines['run ' .. kind], lines['share ' .. kind] = nil, nil
end

-- Keep the number of jobs that are heard near what is to be learned from.
local function note_heard(now)
  local held = redis.call('HMGET', key('pace', ALL), 'thin', 'heard')
  local thin, heard = tonumber(held[1] or '0'), math.max(tonumber(held[2] or '0'), now) + HEARD_MS
  if heard - now > HEARD_AT_ONCE * HEARD_MS then
    thin, heard = math.min(thin + 1, MOST_THIN), now + HEARD_AT_ONCE * HEARD_MS / 2
  elseif heard - now == HEARD_MS then
    thin = math.max(thin - 1, 0)
  end
  redis.call('HSET', key('pace', ALL), 'thin', thin, 'heard', heard)
end

-- A run has succeeded: learn from it, and judge what was foreseen of it. One that was begun anew says
-- nothing of the line.
local function learn_from(id, kind, ms, share_ms, now)
  local held = redis.call('HMGET', key('job', id), 'attempt', 'foreseen', 'cost')
  local cost = math.max(tonumber(held[3]), 1e-9)
  local known, noted = guess(kind, 'run', cost), held[1] == '1' and held[2] or ''
  if known and were_cold(kind, known, ms) then
    forget(kind)
    known, noted = nil, ''
  end
  if share_ms == 0 then -- it had a model loaded: it is a measure only where there is no other
    if known then
      redis.call('HDEL', key('job', id), 'foreseen')
      return
    end
    share_ms = ms
  end
  if known then
    local told = told_in('run', kind, known)
    judge(kind, 'run', ms, known, told.low, told.high)
  end
  for one in string.gmatch(noted, '[^;]+') do
    local foreseen, first, last, situation, at = string.match(one, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
    judge(kind, situation, now - at, tonumber(foreseen), tonumber(first), tonumber(last))
  end
  if held[2] then redis.call('HDEL', key('job', id), 'foreseen') end
  learn(kind, 'run', cost, ms)
  learn(kind, 'share', cost, share_ms)
  if cost > tonumber(redis.call('HGET', key('pace', kind), 'most') or '0') then
    redis.call('HSET', key('pace', kind), 'most', cost)
  end
  note_heard(now)
end

local held = redis.call('HMGET', key('job', id), 'fence', 'status', 'total', 'kind', 'started_at', 'cache',
  'client')
-- sent again because the first reply was lost: it stands
if held[1] == fence and held[2] == status then return 'ok' end
if held[1] ~= fence or (held[2] ~= 'running' and held[2] ~= 'canceling') then return 'lost' end
if held[2] == 'canceling' then
  settle(id, 'canceled', {}, keep, now)
  return 'canceled'
end
if status == 'succeeded' then
  local kind, ms = held[4], now - held[5]
  if is_heard(id) then learn_from(id, kind, ms, share_ms, now) end
  observe('execution', kind, ms)
  -- the last steps were too quick to be reported
  if held[3] ~= '0' then redis.call('HSET', key('job', id), 'step', held[3]) end
end
settle(id, status, facts, keep, now)
if status == 'succeeded' and held[6] then
  redis.call('SET', key('cache', held[7], held[6]), id, 'PX', keep[1])
end
return 'ok'
