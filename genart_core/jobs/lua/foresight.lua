-- How long jobs take, learned from those before them, and by that when others will be done.
--
-- Of each kind (hash `pace:<kind>`) two lines a + b * cost are kept: `run`, from start to end, and
-- `share`, a job's share of its worker's time. How far off the latest guesses were makes an interval of
-- a guess (split conformal prediction), and each end outside it makes the next ones wider, of all kinds
-- (Angelopoulos et al., Conformal PID control, 2023), so that the share of ends inside holds whatever
-- changes. Everything is bounded: some numbers and four short lists per kind, one line per unfinished
-- job.
local MEMORY = 0.97 -- what a run known before weighs beside the next one
local HASTE = 0.1 -- what the latest run, of any kind, says of how slow everything is at present
local OUTLIER = 4 -- runs so many times off teach no more than that
local GUESSES = 128 -- past guesses kept per kind and situation
local MISSED = 0.03 -- share of ends that is to lie beyond each side
local WIDEN, NARROW = 1.12, 1.12 ^ (-MISSED / (1 - MISSED)) -- in balance at that share
local WIDEST = 10
local LOOKED_AT = 64 -- jobs at work, and in the line, that are looked at one by one
local OVERDUE = 0.1 -- a job past its time is taken to need this share of it still
local MAX_COST = 1e15 -- thousandths; beyond it Lua writes no whole numbers

local ENOUGH = math.ceil(1 / MISSED) -- guesses that a quantile needs
local FEW = 8 -- guesses in a situation, below which it is taken for the one that is most like it
local ALL = '*' -- stands for all kinds together
local LIKE = {waiting = 'queued', queued = 'idle', idle = 'run'}

-- A line as it is kept: a, b, and the sums of least squares over relative errors.
local function read_line(text)
  local line = {}
  for number in string.gmatch(text or '', '%S+') do line[#line + 1] = tonumber(number) end
  return #line == 7 and line or nil
end

local lines = {}

-- The line of a kind; nil before any was measured. Lines are read once per script.
local function line_of(kind, what)
  local name = what .. ' ' .. kind
  if lines[name] == nil then
    lines[name] = read_line(redis.call('HGET', key('pace', kind), what)) or false
  end
  return lines[name] or nil
end

-- How many times as long everything takes at present as its line says: a machine has busy hours.
local slowness_now
local function slowness()
  slowness_now = slowness_now
    or math.exp(tonumber(redis.call('HGET', key('pace', ALL), 'slow') or '0'))
  return slowness_now
end

-- Milliseconds by a kind's line.
function guess(kind, what, cost)
  local line = line_of(kind, what)
  return line and math.max((line[1] + line[2] * cost) * slowness(), 1) or nil
end

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

-- How many times as long a job of this kind takes, at least and at most, as is guessed in this
-- situation: by its own kind if enough was seen of it, else by all kinds, else by a like situation.
local function bounds(kind, situation)
  local names = {situation .. ' low', situation .. ' high'}
  local held = redis.call('HMGET', key('pace', kind), unpack(names))
  if not held[1] then held = redis.call('HMGET', key('pace', ALL), unpack(names)) end
  if not held[1] and LIKE[situation] then return bounds(kind, LIKE[situation]) end
  local margins = redis.call('HMGET', key('pace', ALL), situation .. ' sooner', situation .. ' later')
  return tonumber(held[1] or 0) / tonumber(margins[1] or 1),
    tonumber(held[2] or WIDEST) * tonumber(margins[2] or 1)
end

function interval(kind, situation, ms)
  local low, high = bounds(kind, situation)
  return ms * low, ms * high
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
  remember(kind, situation, ms / known, ENOUGH)
  remember(ALL, situation, ms / known, LIKE[situation] and FEW or 1)
end

-- What each unfinished job asks for: kind, cost, how many may be made together, and from its start on
-- when that was and where.
local function write_work(id, kind, cost, together, since, worker)
  redis.call('HSET', key('work'), id, table.concat({kind, cost, together, since, worker}, ' '))
end

-- The cost of all waiting jobs of a kind, in thousandths: whole numbers, whose sum is 0 again when none
-- waits.
local function weigh(kind, cost, sign)
  local thousandths = math.min(math.floor(cost * 1000 + 0.5), MAX_COST)
  redis.call('HINCRBY', key('backlog'), kind, sign * thousandths + 0) -- never -0
end

function note_work(id, kind, cost, together)
  write_work(id, kind, cost, together, 0, '')
  weigh(kind, tonumber(cost), 1)
end

local function read_work(text)
  local kind, cost, together, since, worker = string.match(text or '',
    '^(%S+) (%S+) (%S+) (%S+) (.*)$')
  if not kind then return nil end
  return {kind = kind, cost = tonumber(cost), together = tonumber(together), since = tonumber(since),
    worker = worker}
end

function drop_work(id)
  local work = read_work(redis.call('HGET', key('work'), id))
  if not work then return end
  redis.call('HDEL', key('work'), id)
  if work.since == 0 then weigh(work.kind, work.cost, -1) end
end

-- Worker time, in milliseconds, that so many jobs of a kind take; nil before any was measured.
local function worker_ms(kind, count, cost)
  if count == 0 then return 0 end
  local each = guess(kind, 'share', cost / count)
  return each and count * each
end

-- How many jobs of a kind wait, and the worker time that they will take.
local function backlog(kind)
  local count = redis.call('ZCARD', key('ready', kind))
  local cost = tonumber(redis.call('HGET', key('backlog'), kind) or '0') / 1000
  return count, worker_ms(kind, count, math.max(cost, 0))
end

local function works_of(ids)
  if #ids == 0 then return {} end
  local works = redis.call('HMGET', key('work'), unpack(ids))
  for i, text in ipairs(works) do works[i] = read_work(text) or {} end
  return works
end

-- Who is at work, and until when: {ms} by worker, and batches that jobs of their kind can still join.
local function at_work(now)
  local free, slots, open = {}, {}, {}
  for _, work in ipairs(works_of(redis.call('ZRANGE', key('leases'), 0, LOOKED_AT - 1))) do
    local ms = work.kind and guess(work.kind, 'run', work.cost)
    if not ms then return nil end
    local slot = slots[work.worker]
    if not slot then
      slot = #free + 1
      slots[work.worker], free[slot] = slot, 0
      if redis.call('HEXISTS', key('pace', work.kind), 'joined') == 1 then
        open[work.kind] = {start = 0, slot = slot, count = 0}
      end
    end
    free[slot] = math.max(free[slot], ms - (now - work.since), ms * OVERDUE)
    if open[work.kind] then open[work.kind].count = open[work.kind].count + 1 end
  end
  for slot = #free + 1, math.max(live_workers(now), 1) do free[slot] = 0 end
  return free, open
end

local function earliest(free)
  local slot = 1
  for i = 2, #free do if free[i] < free[slot] then slot = i end end
  return slot
end

local waits

-- When the first jobs in the line will start, by their place, as workers take them in order and those
-- of a kind together; and what each one behind them adds.
local function starts(now)
  if waits then return waits end
  waits = {}
  local free, open = at_work(now)
  if not free then return waits end
  for place, work in ipairs(works_of(redis.call('ZRANGE', key('ready'), 0, LOOKED_AT - 1))) do
    local share = work.kind and guess(work.kind, 'share', work.cost)
    local batch = open[work.kind]
    if not batch or batch.count >= (work.together or 1) then
      local slot = earliest(free)
      batch = {start = free[slot], slot = slot, count = 0}
      if work.kind then open[work.kind] = batch end
    end
    waits[place] = batch.start
    if not share then return waits end -- what comes behind it can't be told
    batch.count = batch.count + 1
    free[batch.slot] = free[batch.slot] + share
  end
  local total, count = 0, redis.call('ZCARD', key('ready'))
  for _, kind in ipairs(redis.call('HKEYS', key('backlog'))) do
    total = total + (select(2, backlog(kind)) or 0)
  end
  waits.behind, waits.each = free[earliest(free)], total / math.max(count, 1) / #free
  return waits
end

-- When a queued job will be done: guess and interval, in milliseconds from now, and the situation that
-- it is in: with nobody before it (`idle`), in a line (`queued`), or there for a while (`waiting`). Nil
-- if it can't be told.
function foresee(kind, cost, position, now, created)
  local ms, known = guess(kind, 'run', cost), starts(now)
  if position < 0 then return nil end
  local start = known[position + 1]
  if not start and known.behind then start = known.behind + (position - #known) * known.each end
  if not ms or not start then return nil end
  local situation = now > created and 'waiting' or (start > 0.1 * ms and 'queued' or 'idle')
  local low, high = interval(kind, situation, start + ms)
  return {ms = start + ms, low = low, high = high, situation = situation}
end

-- Note what is told of a queued job, to be judged at its end: at its submit, and once more later.
local function note_foreseen(id, now)
  local held = redis.call('HMGET', key('job', id), 'kind', 'cost', 'created_at')
  local all = foresee(held[1], tonumber(held[2]), redis.call('ZRANK', key('ready'), id), now,
    tonumber(held[3]))
  if not all then return end
  redis.call('HSET', key('job', id), all.situation == 'waiting' and 'foreseen_later' or 'foreseen',
    table.concat({math.ceil(all.ms), math.floor(all.low), math.ceil(all.high), all.situation, now}, ' '))
end

-- Jobs at all places of the line are asked by turns, so that what is learned of waiting ones holds
-- wherever they are.
local function note_a_waiting_one(now)
  local count = redis.call('ZCARD', key('ready'))
  if count == 0 then return end
  local place = now % math.min(count, LOOKED_AT)
  note_foreseen(redis.call('ZRANGE', key('ready'), place, place)[1], now)
end

-- A run has succeeded: learn from it, and judge what was foreseen of it. One that was begun anew says
-- nothing of the line.
local function learn_from(id, share_ms, now)
  local held = redis.call('HMGET', key('job', id), 'kind', 'started_at', 'attempt', 'foreseen',
    'foreseen_later', 'cost')
  local kind, cost = held[1], math.max(tonumber(held[6]), 1e-9)
  local ms = now - tonumber(held[2])
  local known = guess(kind, 'run', cost)
  if known then
    local low, high = interval(kind, 'run', known)
    judge(kind, 'run', ms, known, low, high)
  end
  for _, told in ipairs({held[4] or '', held[5] or ''}) do
    local foreseen, first, last, situation, at = string.match(told,
      '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
    if foreseen and held[3] == '1' then
      judge(kind, situation, now - tonumber(at), tonumber(foreseen), tonumber(first), tonumber(last))
    end
  end
  learn(kind, 'run', cost, ms)
  learn(kind, 'share', cost, share_ms)
  if cost > tonumber(redis.call('HGET', key('pace', kind), 'most') or '0') then
    redis.call('HSET', key('pace', kind), 'most', cost)
  end
end
