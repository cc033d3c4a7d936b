"""What runs in Redis: the arithmetic of `_window`, for several policies at once."""

SCRIPT = """
local time = redis.call('TIME')
local moment = time[1] * 1000 + math.floor(time[2] / 1000)
local counts, answer, admitted = {}, {}, true
for i, key in ipairs(KEYS) do
  local limit, window, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local kept = redis.call('HMGET', key, 'started', 'now', 'before')
  local started, now, before = tonumber(kept[1] or moment), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
  local elapsed = moment - started
  if elapsed >= 2 * window then
    started, now, before = moment, 0, 0
  elseif elapsed >= window then
    started, now, before = started + window, 0, now
  end
  local left = math.min(window, started + window - moment)
  local allowed = now + math.floor(before * left / window) + cost <= limit
  admitted = admitted and allowed
  counts[i] = {started, now, before, left, allowed, window, cost}
end
for i, key in ipairs(KEYS) do
  local started, now, before, left, allowed, window, cost = unpack(counts[i])
  if admitted then
    now = now + cost
    redis.call('HSET', key, 'started', started, 'now', now, 'before', before)
    redis.call('PEXPIRE', key, left + window)
  end
  answer[i] = {allowed and 1 or 0, before, now, left}
end
return answer
"""
"""Answers, for each key: whether it admits its cost, what was counted in the window before and in this one, and the
milliseconds until that ends. Counts under all keys or under none.

The clock is the server's, so that of the processes that count together none need be right. `started` lies on its clock,
too: if that is set back, a window lasts longer, but never has more than its length left.
"""
