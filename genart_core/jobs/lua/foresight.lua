-- How long jobs take, learned from those before them, and by that when others will be done.
--
-- Of each kind (hash `pace:<kind>`) two lines a + b * cost are kept: `run`, from start to end, and
-- `share`, a job's share of its worker's time. How far off the latest guesses were makes an interval of
-- a guess (split conformal prediction), and each end outside it makes the next ones wider, of all kinds
-- (Angelopoulos et al., Conformal PID control, 2023), so that the share of ends inside holds whatever
-- changes. That is learned where jobs end, in `finish.lua`, of some jobs if they are many. Everything is
-- bounded: some numbers and six short lists per kind, one line per unfinished job.
local WIDEST = 10
local LOOKED_AT = 64 -- jobs at work, and in the line, that are looked at one by one
local OVERDUE = 0.1 -- a job past its time is taken to need this share of it still
local LAGGING = 0.25 -- and while it is made, this share of what it took
local TRUST = 0.25 -- share of the steps, done, from which on their pace counts more than the guess
local APART = 1.5 -- how many times as old a job has to be when it is asked once more
local HEARD_MS = 20 -- one job in that time is learned from, in the long run
local HEARD_AT_ONCE = 256 -- and so many in a row
local MOST_THIN = 5 -- halvings
local GRAIN = 40 -- milliseconds that the way through the service varies by, however small the job
local MAX_COST = 1e15 -- thousandths; beyond it Lua writes no whole numbers

local ALL = '*' -- stands for all kinds together
local LIKE = {waiting = 'queued', queued = 'idle', idle = 'run', overdue = 'running', running = 'run'}

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

-- Where many jobs end, some say enough: of a kind that is made a thousand times a second, what each one
-- teaches would cost more than the job. Which ones are heard is drawn by their ids, so that they are
-- like the others: half of them, a quarter, and so on.
local thinness
local function is_heard(id)
  thinness = thinness or tonumber(redis.call('HGET', key('pace', ALL), 'thin') or '0')
  if thinness == 0 then return true end
  local drawn = string.find('0123456789abcdefghjkmnpqrstvwxyz', string.sub(id, -1), 1, true)
  return (drawn or 0) % 2 ^ thinness == 0
end

-- How many times as long everything takes at present as its line says: a machine has busy hours.
local slowness_now
local function slowness()
  slowness_now = slowness_now
    or math.exp(tonumber(redis.call('HGET', key('pace', ALL), 'slow') or '0'))
  return slowness_now
end

-- Milliseconds by a kind's line.
local function guess(kind, what, cost)
  local line = line_of(kind, what)
  return line and math.max((line[1] + line[2] * cost) * slowness(), 1) or nil
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

-- What is told in a situation: guess and interval, in milliseconds from now. By what factor guesses
-- are off is said of times that are a grain longer, or what is off with the smallest would count for all.
local function told_in(situation, kind, ms)
  local low, high = bounds(kind, situation)
  low = math.max((ms + GRAIN) * low - GRAIN, 0)
  return {ms = ms, low = low, high = math.max((ms + GRAIN) * high - GRAIN, low, 1), situation = situation}
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

local front -- of the line, as far as it was looked at

-- When the first jobs in the line will start, by their place, as workers take them in order and those
-- of a kind together. It is told up to `last`, or to the first one behind which nothing can be told.
local function starts(now, last)
  if not front then
    local free, open = at_work(now)
    front = {free = free, open = open, is_over = not free}
  end
  if front.is_over or #front >= last then return front end
  local free, open = front.free, front.open
  for _, work in ipairs(works_of(redis.call('ZRANGE', key('ready'), #front, last - 1))) do
    local share = work.kind and guess(work.kind, 'share', work.cost)
    local batch = open[work.kind]
    if not batch or batch.count >= (work.together or 1) then
      local slot = earliest(free)
      batch = {start = free[slot], slot = slot, count = 0}
      if work.kind then open[work.kind] = batch end
    end
    front[#front + 1] = batch.start
    front.is_over = not share
    if front.is_over then return front end
    batch.count = batch.count + 1
    free[batch.slot] = free[batch.slot] + share
  end
  return front
end

-- What each job adds that is too far behind to be looked at.
local function each_behind()
  if front.each then return front.each end
  local total, count = 0, redis.call('ZCARD', key('ready'))
  for _, kind in ipairs(redis.call('HKEYS', key('backlog'))) do
    total = total + (select(2, backlog(kind)) or 0)
  end
  front.each = total / math.max(count, 1) / #front.free
  return front.each
end

-- When the job at a place of the line, from 0, will start; nil if it can't be told.
local function start_of(position, now)
  local known = starts(now, math.min(position + 1, LOOKED_AT))
  if known[position + 1] or known.is_over then return known[position + 1] end
  return known.free[earliest(known.free)] + (position - #known) * each_behind()
end

-- When a queued job will be done, in the situation that it is in: with nobody before it (`idle`), in a
-- line (`queued`), or there for a while (`waiting`). Nil if it can't be told.
function foresee(kind, cost, position, now, created)
  local ms = position >= 0 and guess(kind, 'run', cost)
  local start = ms and start_of(position, now)
  if not start then return nil end
  local situation = now > created and 'waiting' or (start > 0.1 * ms and 'queued' or 'idle')
  return told_in(situation, kind, start + ms)
end

-- When a job that is being made will be done: `running`, or `overdue` if it should be by now. `held` is
-- when it started, its steps done and in all, and when that was told. The pace of its own steps counts
-- the more of them are done, and what is late is the later the longer it has run.
function foresee_end(kind, cost, now, held)
  local ms = guess(kind, 'run', cost)
  if not ms then return nil end
  local started, total = tonumber(held[1]), tonumber(held[3] or '0')
  local done = total > 0 and math.min(held[2] / total, 1) or 0
  local at = done > 0 and tonumber(held[4] or started) or started
  local left = (1 - done) * (at - started + TRUST * ms) / (done + TRUST) - (now - at)
  local least = math.max(LAGGING * (now - started), 1)
  if left < least then return told_in('overdue', kind, least) end
  return told_in('running', kind, left)
end

-- Whether a job is to be noted once more; of one that is there for long, as much is noted as its caller
-- would look: at growing pauses.
local function may_note(noted, created, now)
  local last = tonumber(string.match(noted or '', '(%d+)$') or created)
  return now - created >= APART * (last - created)
end

-- Note what is told of a job, beside what was `noted` before, to be judged at its end.
local function note_foreseen(id, told, now, noted)
  if not told then return end
  local one = table.concat({math.ceil(told.ms), math.floor(told.low), math.ceil(told.high),
    told.situation, now}, ' ')
  redis.call('HSET', key('job', id), 'foreseen', noted and noted .. ';' .. one or one)
end
