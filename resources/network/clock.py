"""The clock that waiting goes by; tests put their own in its place."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds: ``now`` since 1970 UTC, ``monotonic`` since anything."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
