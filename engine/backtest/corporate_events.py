"""Corporate actions on what the run holds, on the session from which they are in force."""

import datetime as dt
from collections.abc import Callable, Sequence

from engine.backtest.contract_events import ContractEvents
from engine.backtest.share_events import ShareEvents
from engine.corporate_actions.events import ORDER_OF_DAY, CorporateAction
from engine.market.cursor import Step

_EPOCH = dt.date(1970, 1, 1)


class CorporateEvents:
    """Applies each action once, before anything else of its session, as soon as it is known.

    Of one date the share basis changes before dividends are paid, and those before anything is distributed or
    ends. Cash is booked on the ex-date, to what was held when the session began; in truth it comes on the
    payment date some weeks later (a simplification). An action that only became known after its session began is
    applied at the first snapshot that could know it, and the run is flagged ``late_corporate_action``.
    """

    def __init__(
        self,
        actions: Sequence[CorporateAction],
        *,
        first_day: int,
        contracts: ContractEvents,
        shares: ShareEvents,
        flag_late: Callable[[], None],
    ) -> None:
        # what took effect before the run's first session found nothing held
        self._pending = sorted(
            (a for a in actions if (a.effective_date - _EPOCH).days > first_day),
            key=lambda a: (a.effective_date, ORDER_OF_DAY[a.kind], a),
        )
        #: in force, but not known at a snapshot at which they were
        self._late: set[CorporateAction] = set()
        self._contracts = contracts
        self._shares = shares
        self._flag_late = flag_late

    def apply(self, step: Step, settle_before: Callable[[int], None]) -> None:
        """Apply what is in force and known at this snapshot.

        ``settle_before(day)`` settles the options that expired on sessions before ``day``; it is called before
        each action with the day from which that action is in force.
        """
        if not self._pending:
            return
        today = _EPOCH + dt.timedelta(days=step.trade_day)
        for action in [a for a in self._pending if a.effective_date <= today]:
            if action.known_at_us > step.ts_us:
                self._late.add(action)
                continue
            self._pending.remove(action)
            settle_before((action.effective_date - _EPOCH).days)
            if action in self._late:
                self._flag_late()
            # contracts first: their terms are those of the share before it changes
            self._contracts.apply(action, step, [action, *self._pending])
            self._shares.apply(action, step)

    def detached_dividends(self, after_day: int, until_day: int) -> list[CorporateAction]:
        """Cash that leaves the share on a session after ``after_day`` up to ``until_day`` and adjusts no contract."""
        return [
            a
            for a in self._pending
            if after_day < (a.effective_date - _EPOCH).days <= until_day
            and self._contracts.leaves_holders_out(a)
        ]
