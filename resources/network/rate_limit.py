"""How long to wait before the next request: what the service's headers say, and a pace of one's own.

``Retry-After`` is of RFC 9110, section 10.2.3 (seconds or a date). The rest is usage without a standard:
``X-RateLimit-Remaining`` with ``X-RateLimit-Reset``, also without ``X-`` (the older drafts of the IETF's
``RateLimit`` headers). A reset is either seconds from now or seconds (or milliseconds) since 1970; which one
shows in its size.
"""

import email.utils
import math
from collections.abc import Mapping

from resources.network.clock import Clock

#: a number of seconds above this is a date: nobody asks to wait for 30 years
_SMALLEST_EPOCH_SECONDS = 1e9
_SMALLEST_EPOCH_MILLISECONDS = 1e11
_PREFIXES = ("x-ratelimit-", "x-rate-limit-", "ratelimit-")


class RateLimit:
    """What one service allows, as far as it has said so.

    Parameters
    ----------
    min_interval_seconds
        Between the starts of two requests, whatever the headers say: services that document their limit
        without sending it.
    """

    def __init__(self, clock: Clock, min_interval_seconds: float = 0.0) -> None:
        self._clock = clock
        self._min_interval = min_interval_seconds
        self._last_start = -math.inf
        self._not_before = -math.inf

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from an answer: with nothing remaining, the next request waits for the reset."""
        lower = {name.lower(): value for name, value in headers.items()}
        remaining = _first_number(lower, "remaining")
        reset = _first_number(lower, "reset")
        if remaining is not None and remaining < 1 and reset is not None:
            wait = seconds_until(reset, self._clock.now())
            self._not_before = max(self._not_before, self._clock.monotonic() + wait)

    def wait_seconds(self) -> float:
        """How long the next request still has to wait."""
        ready = max(self._last_start + self._min_interval, self._not_before)
        return max(0.0, ready - self._clock.monotonic())

    def started(self) -> None:
        """A request starts now."""
        self._last_start = self._clock.monotonic()


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """What ``Retry-After`` asks for, or the reset of an exhausted limit; None where neither is said.

    Parameters
    ----------
    now
        Seconds since 1970 UTC.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    text = lower.get("retry-after", "").strip()
    if text:
        number = _number(text)
        if number is not None:
            return max(0.0, number)
        try:
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
        except (TypeError, ValueError, OverflowError):
            return None  # neither seconds nor a date: as if it had not been sent
    reset = _first_number(lower, "reset")
    return None if reset is None else seconds_until(reset, now)


def seconds_until(reset: float, now: float) -> float:
    """Seconds from now until a reset that is given as an instant or as a number of seconds."""
    if reset >= _SMALLEST_EPOCH_MILLISECONDS:
        reset /= 1000
    return max(0.0, reset - now if reset >= _SMALLEST_EPOCH_SECONDS else reset)


def _first_number(lower: Mapping[str, str], what: str) -> float | None:
    for prefix in _PREFIXES:
        number = _number(lower.get(prefix + what, ""))
        if number is not None:
            return number
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
