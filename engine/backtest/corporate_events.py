"""Splits and dividends on what the run holds, on the session from which they are in force."""

import datetime as dt
from collections.abc import Callable, Sequence

from engine.backtest.recorder import Recorder
from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.execution.desk import OrderDesk
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractDesk

_EPOCH = dt.date(1970, 1, 1)


class UnsupportedCorporateActionError(NotImplementedError):
    """An event meets open options in a way whose contract adjustment is not built."""


class CorporateEvents:
    """Applies each action once, before anything else of its session, as soon as it is known.

    Splits come before dividends of the same date. A cash dividend is booked on the ex-date, to what was held
    when the session began; in truth the cash comes on the payment date some weeks later (a simplification).
    An action that only became known after its session began is applied at the first snapshot that could know
    it, and the run is flagged ``late_corporate_action``.
    """

    def __init__(
        self,
        actions: Sequence[CorporateAction],
        *,
        first_day: int,
        book: Book,
        contracts: ContractDesk,
        desk: OrderDesk,
        recorder: Recorder,
    ) -> None:
        order = {ActionKind.SPLIT: 0, ActionKind.CASH_DIVIDEND: 1}
        # what took effect before the run's first session found nothing held
        self._pending = sorted(
            (a for a in actions if (a.effective_date - _EPOCH).days > first_day),
            key=lambda a: (a.effective_date, order[a.kind], a),
        )
        #: in force, but not known at a snapshot at which they were
        self._late: set[CorporateAction] = set()
        self._book = book
        self._contracts = contracts
        self._desk = desk
        self._recorder = recorder

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
            if action in self._late and self._book.packages:
                self._recorder.flag("late_corporate_action")
            if action.kind is ActionKind.SPLIT:
                self._split(action, step)
            else:
                self._dividend(action, step)

    def _split(self, action: CorporateAction, step: Step) -> None:
        book, ratio = self._book, action.split_ratio
        followed = self._contracts.states()
        whole = ratio >= 1 and abs(ratio - round(ratio)) < 1e-9
        if followed and not whole:
            raise UnsupportedCorporateActionError(
                f"{action.underlying} {action.new_shares:g}-for-{action.old_shares:g} split on "
                f"{action.effective_date} meets open {followed[0].symbol}: only whole n-for-1 splits keep the "
                "standard deliverable; close the options before, or end the study earlier"
            )
        for state in followed:
            state.split(ratio)
        self._desk.split(ratio)
        for package in book.packages.values():
            for leg in package.open_legs():
                before = leg.quantity
                book.split_leg(step.ts_us, package, leg, ratio)
                self._recorder.event(
                    step,
                    "split",
                    package_id=package.package_id,
                    instrument=leg.instrument,
                    quantity=leg.quantity - before,
                    amount=0.0,
                    note=f"{action.new_shares:g}-for-{action.old_shares:g}",
                )
        book.share_mark /= ratio

    def _dividend(self, action: CorporateAction, step: Step) -> None:
        book = self._book
        for package in book.packages.values():
            shares = sum(leg.quantity for leg in package.open_legs() if leg.contract is None)
            if shares == 0.0:
                continue
            if action.currency != book.currency:
                raise UnsupportedCorporateActionError(
                    f"{action.underlying} pays {action.cash_amount:g} {action.currency} a share on "
                    f"{action.effective_date}, the study's cash is {book.currency}; no exchange rates are built"
                )
            amount = shares * action.cash_amount
            book.pay_dividend(step.ts_us, package, amount)
            self._recorder.event(
                step,
                "dividend",
                package_id=package.package_id,
                instrument=book.underlying,
                quantity=shares,
                amount=amount,
                note=f"{action.cash_amount:g} a share, ex {action.effective_date}",
            )
