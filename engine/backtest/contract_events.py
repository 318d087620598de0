"""What a corporate action does to option positions and to orders for options."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.backtest.recorder import Recorder
from engine.calendars import TradingCalendar, days_of_date, settlement_instants_us
from engine.corporate_actions.events import CASH_PAYMENTS, DISTRIBUTIONS, FINAL, SHARE_BASIS, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import UnsupportedAdjustmentError, contract_changes
from engine.execution.desk import OrderDesk
from engine.instruments.deliverable import ItemKind
from engine.instruments.terms import RootTerms
from engine.market.cursor import Step
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractDesk, ContractState
from engine.portfolio.corporate_bookings import convert_leg

_MOVES_COMPONENTS = SHARE_BASIS | DISTRIBUTIONS | FINAL


class UnsupportedCorporateActionError(NotImplementedError):
    """An event meets what the run holds in a way that its record does not settle."""


class ContractEvents:
    """Transforms every contract that the run holds or has on order by the memos of an event.

    A contract of the study's underlying follows that underlying's events. What happens to another security that an
    adjusted contract delivers is recorded by the clearing house as an adjustment of the contract itself; such an
    event without one, on the same date, stops the run.
    """

    def __init__(
        self,
        terms: Mapping[str, RootTerms],
        book: Book,
        contracts: ContractDesk,
        desk: OrderDesk,
        recorder: Recorder,
    ) -> None:
        self._terms = terms
        self._book = book
        self._contracts = contracts
        self._desk = desk
        self._recorder = recorder

    def apply(self, action: CorporateAction, step: Step, in_force: Sequence[CorporateAction]) -> None:
        """Adjust what ``action`` concerns; ``in_force`` holds it and those still to be applied."""
        followed = [state for state in self._contracts.states() if not state.pending]
        if not followed:
            return
        security = self._book.shares.name(action.underlying)
        if security != self._book.underlying:
            self._check_components(action, security, followed, in_force)
            return
        for memo in self._memos(action, followed):
            for state in followed:
                if memo.concerns(state.root):
                    self._adjust(action, memo, state, step)

    def leaves_holders_out(self, action: CorporateAction) -> bool:
        """Whether holders of options get nothing for the cash that the event pays on each share."""
        if (
            action.kind not in CASH_PAYMENTS
            or self._book.shares.name(action.underlying) != self._book.underlying
        ):
            return False
        try:
            return not contract_changes(action)
        except UnsupportedAdjustmentError:
            # contracts are adjusted somehow; apply() stops a run that holds one
            return False

    def _memos(self, action: CorporateAction, followed: Sequence[ContractState]) -> tuple[OptionMemo, ...]:
        try:
            memos = contract_changes(action)
        except UnsupportedAdjustmentError as error:
            raise UnsupportedCorporateActionError(f"{error}; it meets {followed[0].symbol}") from error
        if not action.memos and memos:
            # the standing rule speaks of contracts that deliver the share alone
            odd = [s for s in followed if s.deliverable is not None and self._delivers_more(s)]
            if odd:
                raise UnsupportedCorporateActionError(
                    f"{action} meets {odd[0].symbol}, which delivers {odd[0].deliverable}: only a memo says how such a "
                    "contract is adjusted; add it to the record of the event, or close the option before"
                )
        return memos

    def _delivers_more(self, state: ContractState) -> bool:
        assert state.deliverable is not None
        name = self._book.shares.name
        return any(
            i.kind is not ItemKind.SHARES or name(i.security) != self._book.underlying
            for i in state.deliverable.items
        )

    def _check_components(
        self,
        action: CorporateAction,
        security: str,
        followed: Sequence[ContractState],
        in_force: Sequence[CorporateAction],
    ) -> None:
        if action.kind not in _MOVES_COMPONENTS:
            return
        name = self._book.shares.name
        for state in followed:
            if state.deliverable is None or security not in map(name, state.deliverable.securities):
                continue
            adjusted = any(
                name(a.underlying) == self._book.underlying
                and a.effective_date == action.effective_date
                and any(memo.concerns(state.root) for memo in a.memos)
                for a in in_force
            )
            if not adjusted:
                raise UnsupportedCorporateActionError(
                    f"{action} changes what {state.symbol} delivers ({state.deliverable}), and no adjustment of that "
                    f"contract is recorded; add a contract_adjustment of {self._book.underlying} with its memo on "
                    f"{action.effective_date}, or close the option before"
                )

    def _adjust(self, action: CorporateAction, memo: OptionMemo, state: ContractState, step: Step) -> None:
        before = _terms_of(state)
        old_strike = state.strike
        state.adjust(memo, action.split_ratio)
        if memo.expires_on is not None:
            self._bring_forward(memo, state)
        if memo.moves_root or memo.deliverable is not None:
            # the venues take orders for contracts off whose deliverable changes
            self._desk.cancel_orders_for(state.contract_id, "contract_adjusted")
        self._desk.convert(state.contract_id, memo.contracts)
        exact = (old_strike - memo.strike_reduction) / memo.strike_divisor
        note = f"{action.describe()}{f', memo {memo.number}' if memo.number else ''}: {before} -> {_terms_of(state)}"
        if memo.contracts != 1.0:
            note += f", contracts x {memo.contracts:g}"
        if abs(state.strike - exact) > 1e-9:
            note += f", strike rounded by {state.strike - exact:+.6g}"
        for package in self._book.packages.values():
            leg = package.legs.get(state.contract_id)
            if leg is None or not leg.lots.lots:
                continue
            quantity = leg.quantity
            convert_leg(self._book, step.ts_us, package, leg, memo.contracts, state.multiplier)
            self._recorder.event(
                step,
                action.kind.value if action.kind in SHARE_BASIS else "contract_adjustment",
                package_id=package.package_id,
                instrument=leg.instrument,
                quantity=leg.quantity - quantity,
                amount=0.0,
                note=note,
            )

    def _bring_forward(self, memo: OptionMemo, state: ContractState) -> None:
        assert memo.expires_on is not None
        day = days_of_date(memo.expires_on)
        if day >= state.expiry_days:
            return
        terms = self._terms[state.root]
        calendar = TradingCalendar.for_code(terms.calendar, memo.expires_on, memo.expires_on)
        state.expiry_days = day
        state.settles_us = int(settlement_instants_us(terms, np.array([day], dtype=np.int32), calendar)[0])


def _terms_of(state: ContractState) -> str:
    delivered = f", delivers {state.deliverable}" if state.deliverable is not None else ""
    return f"{state.root} strike {state.strike:.10g}, multiplier {state.multiplier:g}{delivered}"
