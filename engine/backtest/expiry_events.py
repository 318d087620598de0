"""Expiry: options whose settlement instant has come are exercised, assigned, paid out or gone."""

import datetime as dt
import math
from collections.abc import Mapping

from engine.backtest.recorder import Recorder
from engine.backtest.study import StudySpec
from engine.execution.exercise import intrinsic, is_auto_exercised
from engine.execution.fees import exercise_fee
from engine.execution.settlement import (
    SettlementPrice,
    settlement_day,
    settlement_price,
    settlement_value,
)
from engine.instruments.terms import Right, RootTerms, SettlementType
from engine.market.cursor import Step
from engine.market.underlying import UnderlyingHistory
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractState
from engine.portfolio.package import Leg, Package

_EPOCH = dt.date(1970, 1, 1)
_PAID_OUT = ("exercise", "assignment", "cash_settlement")


class ExpiryEvents:
    """Settles every held option at the first snapshot at or after its settlement instant.

    Physical delivery follows the exercise-by-exception rule on both sides: all long options in the money by
    the threshold are exercised, all short ones assigned, nobody acts against it, and nobody exercises early
    (early exercise of American options, for instance before an ex-date, is not modelled).
    """

    def __init__(
        self,
        study: StudySpec,
        terms: Mapping[str, RootTerms],
        underlying: UnderlyingHistory,
        book: Book,
        recorder: Recorder,
    ) -> None:
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

    def _settle(self, step: Step, package: Package, leg: Leg, contract: ContractState) -> None:
        terms = self._terms[contract.root]
        settled = settlement_price(
            terms,
            symbol=contract.symbol,
            settles_us=contract.settles_us,
            underlying=self._underlying,
            proxy=self._study.settlement.proxy,
            snapshot_spot=step.spot,
        )
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
        if terms.settlement_type is SettlementType.PHYSICAL and not terms.coin_settled:
            self._physical(step, package, leg, contract, settled)
        else:
            self._cash(step, package, leg, contract, settled, terms)

    def _physical(
        self, step: Step, package: Package, leg: Leg, contract: ContractState, settled: SettlementPrice
    ) -> None:
        book, quantity = self._book, leg.quantity
        expiry = _EPOCH + dt.timedelta(days=contract.expiry_days)
        note = f"close {settled.price:g}, strike {contract.strike:g}"
        if not is_auto_exercised(contract.right, contract.strike, settled.price, expiry):
            book.settle_in_cash(step.ts_us, package, leg, 0.0, 0.0)
            self._report(step, package, contract, "expiry", quantity, 0.0, note)
            return
        direction = 1.0 if contract.right is Right.CALL else -1.0
        shares = direction * quantity * leg.lots.multiplier
        fee = exercise_fee(self._study.fees, quantity)
        cash = book.deliver(step.ts_us, package, leg, shares, contract.strike, fee)
        # the delivered shares are worth the settlement's close until a snapshot says otherwise
        if math.isnan(book.share_mark):
            book.share_mark = settled.price
        kind = "exercise" if quantity > 0 else "assignment"
        self._report(step, package, contract, kind, quantity, cash, f"{note}, {shares:+g} shares")

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
        # a leg that ended worthless does not hide that another of the same package was paid out or delivered
        if kind != "expiry" or package.exit_reason not in _PAID_OUT:
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
