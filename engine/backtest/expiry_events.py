"""Expiry: options whose settlement instant has come are exercised, assigned, paid out, gone, or stay pending."""

import datetime as dt
import math
from collections.abc import Mapping

import numpy as np

from engine.backtest.recorder import Recorder
from engine.backtest.study import StudySpec
from engine.execution.delivery import plan_delivery, unit_value
from engine.execution.exercise import intrinsic, is_auto_exercised
from engine.execution.fees import exercise_fee
from engine.execution.settlement import (
    SettlementPrice,
    UnsettledOptionError,
    settlement_day,
    settlement_price,
    settlement_value,
)
from engine.execution.settlement_average import IncompleteWindowError, delivery_average
from engine.instruments.deliverable import DeliverableError
from engine.instruments.terms import RootTerms, SettlementType
from engine.market.cursor import Step
from engine.market.history import ChainHistory
from engine.market.underlying import UnderlyingHistory
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractState
from engine.portfolio.package import Leg, Package

_EPOCH = dt.date(1970, 1, 1)
PENDING = "pending_settlement"


class ExpiryEvents:
    """Settles every held option at the first snapshot at or after its settlement instant.

    Physical delivery follows the exercise-by-exception rule on both sides: all long options in the money by the
    threshold are exercised, all short ones assigned, and nobody acts against it (with ``assignment: worst_case``
    shorts are assigned from the first fraction of a cent). An adjusted contract is measured by the worth of what it
    delivers per unit of its multiplier. An AM-settled option whose opening print nobody has stays in the book at its
    last mark, the run is flagged ``pending_settlement``, and it is asked for again at each snapshot.
    """

    def __init__(
        self,
        study: StudySpec,
        terms: Mapping[str, RootTerms],
        underlying: UnderlyingHistory,
        chain: ChainHistory,
        book: Book,
        recorder: Recorder,
    ) -> None:
        known = ~np.isnan(chain.spot)
        self._snapshot_ts_us, self._spot = chain.snapshot_ts_us[known], chain.spot[known]
        self._study = study
        self._terms = terms
        self._underlying = underlying
        self._book = book
        self._recorder = recorder

    def apply(self, step: Step, *, before_day: int | None = None) -> None:
        """Settle what is due; with ``before_day`` only what settled on a session before that day.

        A session that is missing from the chain leaves its expiries to a later snapshot: they must then be
        settled on the terms of their own day, before a split or a dividend of a later one.
        """
        for package in list(self._book.packages.values()):
            for leg in package.open_legs():
                contract = leg.contract
                if contract is None or contract.settles_us > step.ts_us:
                    continue
                if before_day is None or settlement_day(contract.settles_us) < before_day:
                    self._settle(step, package, leg, contract)

    def write_off_pending(self, step: Step) -> None:
        """The end of the run: what is still pending leaves the book at the worst side of its last mark, loudly."""
        for package in list(self._book.packages.values()):
            for leg in package.open_legs():
                contract = leg.contract
                if contract is None or not contract.pending:
                    continue
                quantity = leg.quantity
                mark = contract.mark_bid if quantity > 0 else contract.mark_ask
                cash = self._book.settle_in_cash(step.ts_us, package, leg, mark, 0.0)
                package.exit_reason = PENDING
                self._recorder.event(
                    step,
                    "pending_at_end",
                    package_id=package.package_id,
                    instrument=contract.symbol,
                    quantity=quantity,
                    amount=cash,
                    note=f"no opening print to the end of the run; booked out at the last mark {mark:g}",
                )

    def _settle(self, step: Step, package: Package, leg: Leg, contract: ContractState) -> None:
        terms = self._terms[contract.root]
        physical = terms.settlement_type is SettlementType.PHYSICAL and not terms.coin_settled
        if physical and contract.deliverable is not None:
            self._physical(step, package, leg, contract, None)
            return
        settled = settlement_price(
            terms,
            symbol=contract.symbol,
            settles_us=contract.settles_us,
            underlying=self._underlying,
            proxy=self._study.settlement.proxy,
            snapshot_spot=step.spot,
            index_average=self._index_average,
        )
        if settled is None:
            self._wait(step, package, leg, contract)
            return
        contract.pending = False
        if settled.proxy is not None:
            self._recorder.flag("settled_by_proxy")
            late = (step.ts_us - contract.settles_us) / 1e6
            self._recorder.event(
                step,
                "proxy_settlement",
                package_id=package.package_id,
                instrument=contract.symbol,
                quantity=leg.quantity,
                amount=settled.price,
                note=f"proxy {settled.proxy}; this snapshot is {late:g} s after settlement",
            )
        if physical:
            self._physical(step, package, leg, contract, settled)
        else:
            self._cash(step, package, leg, contract, settled, terms)

    def _index_average(self, settles_us: int) -> float:
        """Average of the snapshots' spot over the venue's window before settlement; NaN where they leave holes."""
        try:
            return delivery_average(self._snapshot_ts_us, self._spot, settles_us)
        except IncompleteWindowError:
            return math.nan

    def _wait(self, step: Step, package: Package, leg: Leg, contract: ContractState) -> None:
        self._recorder.flag(PENDING)
        if contract.pending:
            return
        contract.pending = True
        day = _EPOCH + dt.timedelta(days=settlement_day(contract.settles_us))
        self._recorder.event(
            step,
            PENDING,
            package_id=package.package_id,
            instrument=contract.symbol,
            quantity=leg.quantity,
            amount=math.nan,
            note=(
                f"no opening print of {self._terms[contract.root].underlying} for {day}: it is kept at its last mark "
                f"{contract.mark_mid:g}, never settled on a close; load the print into underlying_prices"
            ),
        )

    def _physical(
        self,
        step: Step,
        package: Package,
        leg: Leg,
        contract: ContractState,
        settled: SettlementPrice | None,
    ) -> None:
        book, quantity = self._book, leg.quantity
        shares, day = book.shares, settlement_day(contract.settles_us)
        expiry = _EPOCH + dt.timedelta(days=contract.expiry_days)
        delivered = contract.delivered(book.underlying)

        def price_of(security: str) -> float:
            if settled is not None and security == shares.underlying:
                return settled.price
            if security == shares.underlying:
                row = self._underlying.row_of(day)
                return math.nan if row is None else float(self._underlying.close[row])
            return shares.close_on(security, day)

        try:
            unit_price = unit_value(
                delivered, contract.multiplier, lambda symbol: price_of(shares.name(symbol))
            )
            plan = plan_delivery(
                contract.right, contract.strike, contract.multiplier, delivered, price_of, shares.name
            )
        except DeliverableError as error:
            raise UnsettledOptionError(
                f"{contract.symbol} expires on {expiry} and {error} (close of {_EPOCH + dt.timedelta(days=day)})"
            ) from error
        note = f"close {unit_price:g}, strike {contract.strike:g}"
        if contract.deliverable is not None:
            note += f", delivers {contract.deliverable}"
        if not self._is_exercised(contract, unit_price, expiry, short=quantity < 0):
            book.settle_in_cash(step.ts_us, package, leg, 0.0, 0.0)
            self._report(step, package, contract, "expiry", quantity, 0.0, note)
            self._report_pin(step, package, contract, unit_price, quantity)
            return
        fee = exercise_fee(self._study.fees, quantity)
        cash = book.deliver(step.ts_us, package, leg, quantity, plan, fee)
        for part in plan.shares:
            # delivered shares are worth the settlement's close until a snapshot says otherwise
            if math.isnan(shares.mark(part.security)):
                shares.marks[part.security] = price_of(part.security)
            note += f", {quantity * part.quantity:+g} {part.security if contract.deliverable else 'shares'}"
        if plan.in_lieu:
            note += f", {quantity * plan.in_lieu:+.2f} in lieu of fractions"
        kind = "exercise" if quantity > 0 else "assignment"
        self._report(step, package, contract, kind, quantity, cash, note)
        self._report_pin(step, package, contract, unit_price, quantity)

    def _is_exercised(self, contract: ContractState, price: float, expiry: dt.date, *, short: bool) -> bool:
        if short and self._study.settlement.assignment == "worst_case":
            return intrinsic(contract.right, contract.strike, price) > 0
        return is_auto_exercised(contract.right, contract.strike, price, expiry)

    def _report_pin(
        self, step: Step, package: Package, contract: ContractState, price: float, quantity: float
    ) -> None:
        """So near its strike nobody knows by the close whether an option is exercised."""
        distance = abs(price - contract.strike) / contract.strike
        if distance > self._study.settlement.pin_fraction:
            return
        self._recorder.flag("pin_risk")
        self._recorder.event(
            step,
            "pin_risk",
            package_id=package.package_id,
            instrument=contract.symbol,
            quantity=quantity,
            note=f"close {price:g} is {distance:.3%} from strike {contract.strike:g}; holders may decide either way",
        )

    def _cash(
        self,
        step: Step,
        package: Package,
        leg: Leg,
        contract: ContractState,
        settled: SettlementPrice,
        terms: RootTerms,
    ) -> None:
        quantity = leg.quantity
        value = settlement_value(terms, contract.right, contract.strike, settled.price)
        in_the_money = intrinsic(contract.right, contract.strike, settled.price) > 0
        fee = exercise_fee(self._study.fees, quantity) if in_the_money else 0.0
        cash = self._book.settle_in_cash(step.ts_us, package, leg, value, fee)
        kind = "cash_settlement" if in_the_money else "expiry"
        note = f"settlement {settled.price:g}, strike {contract.strike:g}"
        self._report(step, package, contract, kind, quantity, cash, note)

    def _report(
        self,
        step: Step,
        package: Package,
        contract: ContractState,
        kind: str,
        quantity: float,
        amount: float,
        note: str,
    ) -> None:
        # a leg that ended worthless does not hide that another of the same package was paid out, assigned or delivered
        if kind != "expiry" or not package.exit_reason:
            package.exit_reason = kind
        self._recorder.event(
            step,
            kind,
            package_id=package.package_id,
            instrument=contract.symbol,
            quantity=quantity,
            amount=amount,
            note=note,
        )
