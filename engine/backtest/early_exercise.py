"""Nights on which American options are exercised by their holders, the run's own among them."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.backtest.corporate_events import CorporateEvents
from engine.backtest.recorder import Recorder
from engine.backtest.study import StudySpec
from engine.calendars import days_of_date
from engine.corporate_actions.events import CorporateAction
from engine.execution.delivery import plan_delivery, unit_value
from engine.execution.early_exercise import Evening, exercise_gain, is_exercised_early
from engine.execution.exercise import intrinsic
from engine.execution.fees import exercise_fee
from engine.execution.fill_model import Refusal
from engine.execution.settlement import settlement_day
from engine.instruments.deliverable import DeliverableError, ItemKind
from engine.instruments.terms import ExerciseStyle, RootTerms, SettlementType
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractState
from engine.portfolio.package import Leg, Package


class EarlyExercise:
    """Judges every open American option at the first snapshot of a session, by the last one of the session before.

    Exercise happens that night, so shares change hands before the new session's dividends and splits. A short is
    assigned by the study's rule; a long is exercised where that gains and the book has the cash for it. An option in
    the money without a usable quote before an ex-date cannot be judged, nor one whose dividend the source only tells
    on the ex-date: it stays, and the run is flagged ``early_exercise_not_judged``.
    """

    def __init__(
        self,
        study: StudySpec,
        terms: Mapping[str, RootTerms],
        book: Book,
        corporate: CorporateEvents,
        recorder: Recorder,
    ) -> None:
        self._study = study
        self._terms = terms
        self._book = book
        self._corporate = corporate
        self._recorder = recorder
        self._evening: Step | None = None

    def end_of_snapshot(self, step: Step) -> None:
        """Remember the snapshot by which the next session's holders decide."""
        self._evening = step

    def apply(self, step: Step) -> None:
        """Exercise and assign what the night before this snapshot's session brings."""
        evening = self._evening
        if evening is None or not step.new_session:
            return
        dividends: list[CorporateAction] | None = None
        for package in list(self._book.packages.values()):
            for leg in package.open_legs():
                contract = leg.contract
                if contract is None or not self._may_be_exercised(contract, leg, evening):
                    continue
                if dividends is None:
                    dividends = self._corporate.detached_dividends(evening.trade_day, step.trade_day)
                self._judge(step, evening, package, leg, contract, dividends)

    def _may_be_exercised(self, contract: ContractState, leg: Leg, evening: Step) -> bool:
        terms = self._terms[contract.root]
        settlement = self._study.settlement
        if terms.style is not ExerciseStyle.AMERICAN or terms.settlement_type is not SettlementType.PHYSICAL:
            return False
        # on its last day an option is settled, not exercised early
        if contract.pending or settlement_day(contract.settles_us) <= evening.trade_day:
            return False
        return settlement.exercise_longs if leg.quantity > 0 else settlement.assignment != "none"

    def _judge(
        self,
        step: Step,
        evening: Step,
        package: Package,
        leg: Leg,
        contract: ContractState,
        dividends: list[CorporateAction],
    ) -> None:
        book, shares = self._book, self._book.shares
        try:
            unit_price = (
                book.share_mark
                if contract.deliverable is None
                else unit_value(
                    contract.deliverable, contract.multiplier, lambda s: shares.mark(shares.name(s))
                )
            )
        except DeliverableError:
            unit_price = math.nan
        cash_per_unit = self._leaving(
            contract, [d for d in dividends if d.known_at_us <= evening.decision_us]
        )
        short = leg.quantity < 0
        if not contract.mark_present or math.isnan(unit_price):
            out_of_the_money = intrinsic(contract.right, contract.strike, unit_price) <= 0
            if cash_per_unit > 0 and not out_of_the_money:
                self._recorder.flag("early_exercise_not_judged")
            return
        # the writer's worst case: holders who could sell at the bid only exercise soonest
        worst = short and self._study.settlement.assignment == "worst_case"
        view = Evening(
            price=contract.mark_bid if worst else contract.mark_mid,
            unit_price=unit_price,
            dividend=cash_per_unit,
            rate=contract.discount_rate,
            nights=step.trade_day - evening.trade_day,
        )
        if not is_exercised_early(contract.right, contract.strike, view):
            # a source that tells a dividend on its ex-date only leaves open what holders knew the evening before
            in_truth = replace(view, dividend=self._leaving(contract, dividends))
            if is_exercised_early(contract.right, contract.strike, in_truth):
                self._recorder.flag("early_exercise_not_judged")
            return
        plan = plan_delivery(
            contract.right,
            contract.strike,
            contract.multiplier,
            contract.delivered(book.underlying),
            shares.mark,
            shares.name,
        )
        quantity = leg.quantity
        if short and self._study.settlement.assignment == "random":
            quantity = -self._drawn(contract.contract_id, evening.trade_day, -quantity)
        if quantity == 0.0 or (not short and not self._affordable(step, contract, quantity, plan.cash)):
            return
        fee = exercise_fee(self._study.fees, quantity)
        gain = exercise_gain(contract.right, contract.strike, view)
        cash = book.deliver(step.ts_us, package, leg, quantity, plan, fee)
        kind = "early_assignment" if short else "early_exercise"
        package.exit_reason = kind
        self._recorder.event(
            step,
            kind,
            package_id=package.package_id,
            instrument=contract.symbol,
            quantity=quantity,
            amount=cash,
            note=(
                f"strike {contract.strike:g} against {unit_price:g}, option {view.price:g}, dividend "
                f"{cash_per_unit:g}: {gain:g} a unit gained over holding"
            ),
        )

    def _leaving(self, contract: ContractState, dividends: list[CorporateAction]) -> float:
        """Cash per unit that what the contract delivers loses before the next session, while it still lives."""
        if not dividends:
            return 0.0
        delivered, name = contract.delivered(self._book.underlying), self._book.shares.name
        # what goes ex after the option's own end asks nothing of it tonight
        last_day = settlement_day(contract.settles_us)
        return sum(
            item.quantity * action.cash_amount / contract.multiplier
            for item in delivered.items
            for action in dividends
            if item.kind is ItemKind.SHARES
            and name(item.security) == name(action.underlying)
            and days_of_date(action.effective_date) <= last_day
        )

    def _affordable(self, step: Step, contract: ContractState, quantity: float, cash: float) -> bool:
        needed = -cash * quantity
        reserved = sum(p.cash_secured for p in self._book.packages.values())
        free = self._book.cash - reserved
        if needed <= free:
            return True
        self._recorder.rejection(
            step, Refusal("early_exercise_cash", needed, free, f"{contract.symbol}: strike against free cash")
        )
        return False

    def _drawn(self, contract_id: int, day: int, contracts: float) -> float:
        """Contracts assigned that night: a draw that depends on seed, contract and day alone, not on the path."""
        key = np.random.SeedSequence((self._study.seed, contract_id, day))
        draw = np.random.Generator(np.random.Philox(key))
        probability = self._study.settlement.random_probability
        whole = math.floor(contracts)
        drawn = float(draw.binomial(whole, probability))
        return min(contracts, drawn)
