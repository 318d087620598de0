"""Loss limits: per trade, and per session with a halt that latches."""

from engine.backtest.study import RiskSpec

#: At the limit counts as over it, also where binary floats miss the decimal by a hair.
_EQUALITY = 1e-12


def reaches(loss: float, limit_fraction: float, base: float) -> bool:
    """Whether ``loss`` is at or beyond ``limit_fraction`` of ``base``."""
    return loss >= limit_fraction * base - _EQUALITY * abs(base)


class DailyLossHalt:
    """Latches when a session has lost ``max_daily_loss`` of the NAV at its start.

    The start is the NAV at the last snapshot of the session before. A halt holds for the rest of its session
    and until ``halt_sessions`` sessions have begun after it (1: entries resume in the next session); without
    ``halt_sessions`` it holds for the rest of the run.
    """

    def __init__(self, risk: RiskSpec, nav: float) -> None:
        self._risk = risk
        self._session_start_nav = nav
        self._session = -1
        self._halted_in: int | None = None

    @property
    def halted(self) -> bool:
        return self._halted_in is not None

    def start_session(self, nav: float) -> bool:
        """A new session begins with this NAV. Returns True if a halt ends with it."""
        self._session += 1
        self._session_start_nav = nav
        if self._halted_in is None or self._risk.halt_sessions is None:
            return False
        if self._session - self._halted_in < self._risk.halt_sessions:
            return False
        self._halted_in = None
        return True

    def session_loss(self, nav: float) -> float:
        return self._session_start_nav - nav

    def check(self, nav: float) -> bool:
        """Returns True if the limit is reached now and was not before."""
        limit = self._risk.max_daily_loss
        if limit is None or self.halted:
            return False
        if not reaches(self.session_loss(nav), limit, self._session_start_nav):
            return False
        self._halted_in = self._session
        return True
