"""The securities of a run besides its options: their names, the keys of their legs, their latest known prices."""

import math
from collections.abc import Mapping

from engine.execution.intents import SHARES
from engine.market.cursor import Step
from engine.market.underlying import UnderlyingHistory


class UnpricedSecurityError(ValueError):
    """A security came into the book and no source gives it a price."""


class Shares:
    """The study's underlying and whatever corporate actions hand out: spun-off shares, rights, an acquirer's shares.

    Attributes
    ----------
    underlying
        The study's underlying; it trades and is marked at the snapshots' spot.
    marks
        Price per unit of each security in the base currency as last known; NaN or absent: not known yet.
    """

    def __init__(self, underlying: str, histories: Mapping[str, UnderlyingHistory] | None = None) -> None:
        self.underlying = underlying
        self.marks: dict[str, float] = {underlying: math.nan}
        self._histories = dict(histories or {})
        self._renamed: dict[str, str] = {}
        self._keys = {underlying: SHARES}
        self._rows_known: dict[str, int] = {}

    def name(self, symbol: str) -> str:
        """The name under which the run keeps a security that may since have been renamed."""
        return self._renamed.get(symbol, symbol)

    def rename(self, old: str, new: str) -> None:
        """From now on ``new`` is another name of ``old``."""
        self._renamed[new] = self.name(old)

    def key(self, security: str) -> int:
        """Key of the security's legs: 0 for the underlying, then -1, -2, ... (contract ids are positive)."""
        return self._keys.setdefault(security, -len(self._keys))

    def security(self, key: int) -> str:
        """Inverse of :meth:`key`."""
        return next(name for name, its_key in self._keys.items() if its_key == key)

    def mark(self, security: str) -> float:
        return self.marks.get(security, math.nan)

    def scale(self, security: str, factor: float) -> None:
        """The price on a new share basis, until a price on it is known."""
        if security in self.marks:
            self.marks[security] *= factor

    def begin(self, security: str, price: float | None, step: Step, *, what: str) -> float:
        """A security comes into the book: its price as stated, else as last known.

        Raises
        ------
        UnpricedSecurityError
            Neither exists.
        """
        self.refresh(step)
        known = self.mark(security)
        if price is None and math.isnan(known):
            raise UnpricedSecurityError(
                f"{what}: {security} has no price; state security_value in the record of the event, or add "
                f"{security} to the universe so that its daily prices are known"
            )
        if price is not None:
            # the price at the instant itself; the next close known replaces it
            self.marks[security] = price
        return self.marks[security]

    def refresh(self, step: Step) -> None:
        """Take each security's newest close known at the snapshot's decision.

        Only a row that was not known before moves a mark: an older close may stand on an older share basis.
        """
        for security, history in self._histories.items():
            if security == self.underlying:
                continue
            known = int((history.known_at_us <= step.decision_us).sum())
            before = self._rows_known.get(security, 0)
            self._rows_known[security] = known
            for row in range(known - 1, before - 1, -1):
                close = float(history.close[row])
                if not math.isnan(close):
                    self.marks[security] = close
                    break

    def close_on(self, security: str, day: int) -> float:
        """Close of a session; NaN where no source has one."""
        history = self._histories.get(security)
        row = None if history is None else history.row_of(day)
        return math.nan if history is None or row is None else float(history.close[row])
