"""Leases of slots: the script that Redis runs by its own clock, and its answer."""

from dataclasses import dataclass
from typing import Literal

HORIZON = 0.2
"""Seconds from now within which slots are leased; big jobs get those of the first half."""
LOST_AFTER = 0.4
"""Seconds without a word from a process after which its share is left to it."""
DELIVERED_WITHIN = 0.15
"""Seconds within which a request reaches Redis, or counts for nothing.

What a broken connection held back may be delivered long after its process has given up.
"""
FORGOTTEN_AFTER = 60.0
"""Seconds without a word after which a process is taken for dead."""
EXPIRY = 24 * 3600
"""Seconds without a lease after which Redis drops the keys."""

State = Literal["shared", "apart", "gone"]
"""A process takes part in the schedule, keeps to its share, or ends."""

LEASE = """
-- KEYS: the app's processes (hash), an endpoint's schedule (hash).
-- ARGV: process, its state (shared, apart, gone), its share when apart, slots wanted, 1 for a big job,
--       seconds: of a gap, of HORIZON, LOST_AFTER, FORGOTTEN_AFTER, EXPIRY, COMMANDS_AFTER; BULK_SHARE;
--       seconds until the first slot; the time (microseconds) after which it counts for nothing, or 0.
-- Returns: now, age of the list of processes, their number, wait until the next try (microseconds), and
--       the slots, in microseconds from now.
local function number(place) return tonumber(ARGV[place]) end
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function text(figure) return string.format('%.0f', figure) end
local gap, horizon = number(6) * 1e6, number(7) * 1e6
local lost_after, forgotten_after = number(8) * 1e6, number(9) * 1e6

if ARGV[2] == 'gone' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return {now, 0, 0, 0}
end
if number(14) > 0 and now > number(14) then return {now, -1, 0, 0} end
redis.call('HSETNX', KEYS[1], 'since', text(now))
redis.call('HSET', KEYS[1], ARGV[1], text(now) .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
redis.call('EXPIRE', KEYS[1], number(10))
local processes, apart, since = 0, 0, now
local entries = redis.call('HGETALL', KEYS[1])
for place = 1, #entries, 2 do
  local seen, state, share = string.match(entries[place + 1], '^(%d+) (%a+) (.+)$')
  if entries[place] == 'since' then
    since = tonumber(entries[place + 1])
  elseif now - tonumber(seen) > forgotten_after then
    redis.call('HDEL', KEYS[1], entries[place])
  else
    processes = processes + 1
    if state == 'apart' or now - tonumber(seen) > lost_after then apart = apart + tonumber(share) end
  end
end
-- A clock that was set back must keep nobody waiting, here and below.
if since > now then since = now redis.call('HSET', KEYS[1], 'since', text(now)) end

local wanted, bulk = number(4), ARGV[5] == '1'
if wanted == 0 or ARGV[2] ~= 'shared' then return {now, now - since, processes, 0} end

local kept = redis.call('HMGET', KEYS[2], 'next', 'command', 'taken', 'free')
-- Slots that an emptied Redis leased may still be used up to the horizon.
local next = tonumber(kept[1] or now + horizon)
if next > now + 2 * horizon + 8 * gap then next = now + horizon end
next = math.max(next, now + number(13) * 1e6)
local command, taken = tonumber(kept[2] or 0), tonumber(kept[3] or 0)
local step = gap / math.max(1 - apart, 0.25)
local slots, free = {}, {}
for slot in string.gmatch(kept[4] or '', '%d+') do
  slot = tonumber(slot)
  if slot >= now + number(13) * 1e6 and slot <= now + horizon then
    if bulk or #slots == wanted then free[#free + 1] = text(slot) else slots[#slots + 1] = slot - now end
  end
end
if not bulk then command = now end
local limit = now + horizon
if bulk then limit = now + horizon / 2 end
local every = math.floor(1 / (1 - number(12)) + 0.5)
while #slots < wanted and next <= limit do
  if bulk and now - command < number(11) * 1e6 and taken % every == every - 1 then
    free[#free + 1] = text(next)
  else
    slots[#slots + 1] = next - now
  end
  taken = taken + 1
  next = next + step
end
redis.call('HSET', KEYS[2], 'next', text(next), 'command', text(command), 'taken', taken % every,
  'free', table.concat(free, ' '))
redis.call('EXPIRE', KEYS[2], number(10))
return {now, now - since, processes, math.max(0, next - limit), unpack(slots)}
"""


class RedisTroubleError(Exception):
    """Redis cannot be used; the text is safe to show."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The result of one round trip.

    Args:
        asked_at: When it began (monotonic seconds), as are all times.
        seconds: The seconds it took.
        age: The seconds since Redis has known any process.
        processes: The processes that Redis knows, this one included.
        wait: Seconds until a further slot may be leased.
        slots: The leased slots.
    """

    asked_at: float
    seconds: float
    age: float
    processes: int
    wait: float
    slots: tuple[float, ...]
