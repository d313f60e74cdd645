#!lua flags=allow-oom
-- As many cancels at once: for each its status after it, or nothing if its client has no such job.
local client, keep, now, replies = ARGV[1], {ARGV[2], ARGV[3]}, now_ms(), {}
for i = 4, #ARGV do
  local is_there = lookup(ARGV[i], client) == 'found'
  replies[#replies + 1] = is_there and cancel(ARGV[i], keep, now) or false
end
return replies
