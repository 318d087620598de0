"""The contracts that the run holds or has on order: their listed terms today and their latest marks."""

import math
from dataclasses import dataclass

import numpy as np

from engine.corporate_actions.memos import OptionMemo
from engine.execution.fill_model import Quote
from engine.instruments.deliverable import Deliverable, ItemKind
from engine.instruments.terms import QuoteGrade, Right
from engine.market.cursor import Step
from engine.market.history import ChainHistory
from engine.portfolio.shares import Shares

#: Listed strikes are whole cents (coins: coarser), so after a split strike / n differs by at most half of one.
_STRIKE_ROUNDING = 0.0051


class ContractTermsError(ValueError):
    """A contract changed its listed strike without a corporate action that explains it."""


class UnknownContractError(ValueError):
    """An order names a contract that the snapshot of its decision does not hold."""


@dataclass(slots=True)
class ContractState:
    """One contract as it stands at the current snapshot.

    ``mark_*`` are the last usable prices per unit of underlying (``mid``, ``bid`` with 0 for none, ``ask``)
    and ``mark_ts_us`` the time of the quote that they come from; ``quote`` is this snapshot's, None if the
    chain has no row. Greeks are the last finite ones, per unit of underlying.

    Attributes
    ----------
    multiplier
        Units by which premium and strike are multiplied.
    deliverable
        What one contract delivers where that is not ``multiplier`` shares of its underlying; None: that.
    discount_rate
        Continuously compounded rate of the last row that had a discount factor, per year; NaN before.
    pending
        It expired, and the price at which it settles is not known.
    joined
        Its root was consolidated with another, whose contract of the same terms now stands for it.
    """

    contract_id: int
    symbol: str
    root: str
    right: Right
    strike: float
    multiplier: float
    expiry_days: int
    settles_us: int
    row: int
    deliverable: Deliverable | None = None
    quote: Quote | None = None
    mark_mid: float = math.nan
    mark_bid: float = math.nan
    mark_ask: float = math.nan
    mark_ts_us: int = 0
    mark_present: bool = False
    delta: float = math.nan
    gamma: float = math.nan
    vega_per_vol_point: float = math.nan
    theta_per_day: float = math.nan
    discount_rate: float = math.nan
    pending: bool = False
    joined: bool = False

    def adjust(self, memo: OptionMemo, share_ratio: float) -> None:
        """Terms, marks and Greeks after a memo, so that a position keeps its value and its exposure.

        Parameters
        ----------
        memo
            A memo that concerns this contract.
        share_ratio
            New shares of the underlying for an old one in the same event, 1 where its basis does not change.
        """
        before = self.multiplier
        self.strike = float(memo.strike_after(self.strike))
        self.root = memo.root_after(self.root)
        self.joined = self.joined or memo.consolidates
        if memo.multiplier is not None:
            self.multiplier = memo.multiplier
        if memo.deliverable is not None:
            self.deliverable = memo.deliverable
        per_unit = before / (memo.contracts * self.multiplier)
        self.mark_mid *= per_unit
        self.mark_bid *= per_unit
        self.mark_ask *= per_unit
        self.vega_per_vol_point *= per_unit
        self.theta_per_day *= per_unit
        # a price of the share moves by 1 / share_ratio of what it did, the position by as much as before
        self.delta *= per_unit * share_ratio
        self.gamma *= per_unit * share_ratio * share_ratio

    def delivered(self, underlying: str) -> Deliverable:
        """The deliverable, also where it is the standard one."""
        return self.deliverable or Deliverable.of_shares(underlying, self.multiplier)


class ContractDesk:
    """Finds contracts in the chain and follows each along its row links, reading only their rows."""

    def __init__(self, chain: ChainHistory, shares: Shares) -> None:
        self._chain = chain
        self._shares = shares
        self._columns = chain.columns
        self._states: dict[int, ContractState] = {}

    def __getitem__(self, contract_id: int) -> ContractState:
        return self._states[contract_id]

    def find(self, contract_id: int, step: Step) -> ContractState:
        """The contract's state, looked up in the snapshot if the run does not follow it yet.

        Raises
        ------
        UnknownContractError
            If the snapshot has no row of it that is known at the decision.
        """
        state = self._states.get(contract_id)
        if state is not None:
            return state
        c = self._columns
        rows = (c["contract_id"][step.first_row : step.end_row] == contract_id).nonzero()[0]
        row = step.first_row + int(rows[0]) if len(rows) else -1
        if row < 0 or int(c["known_at_us"][row]) > step.decision_us:
            raise UnknownContractError(
                f"contract {contract_id} is not in the snapshot of session {step.trade_day} (ts {step.ts_us}) as "
                "known at the decision; choose contracts from view.quotes"
            )
        state = ContractState(
            contract_id=contract_id,
            symbol=str(self._chain.symbols[c["symbol"][row]]),
            root=self._chain.roots[int(c["root"][row])],
            right=Right.PUT if c["right"][row] else Right.CALL,
            strike=float(c["strike"][row]),
            multiplier=float(c["multiplier"][row]),
            expiry_days=int(c["expiry_days"][row]),
            settles_us=int(c["settles_us"][row]),
            row=row,
            deliverable=self._chain.deliverable(row),
        )
        self._states[contract_id] = state
        self._read(state, step)
        return state

    def _shares_per_unit(self, state: ContractState) -> float:
        """Shares of the underlying, fractions paid in cash among them, behind one unit of the multiplier."""
        if state.deliverable is None:
            return 1.0
        moving = (
            item.quantity
            for item in state.deliverable.items
            if item.kind is not ItemKind.CASH
            and item.cash is None
            and self._shares.name(item.security) == self._shares.underlying
        )
        return sum(moving) / state.multiplier

    def keep(self, contract_ids: set[int]) -> None:
        """Forget every contract that is neither held nor on order."""
        for contract_id in self._states.keys() - contract_ids:
            del self._states[contract_id]

    def states(self) -> list[ContractState]:
        return list(self._states.values())

    def advance(self, step: Step) -> None:
        """Move every followed contract to its row in this snapshot, if it has one, and read it."""
        next_row, base = self._chain.next_row, self._chain.row_base
        for state in self._states.values():
            row = state.row
            following = int(next_row[row]) - base
            while 0 <= following < step.end_row:
                row = following
                following = int(next_row[row]) - base
            if state.joined and row < step.first_row:
                row = self._standing_for(state, step, row)
            state.row = row
            if row >= step.first_row:
                self._read(state, step)
            else:
                state.quote = None
                state.mark_present = False

    def _standing_for(self, state: ContractState, step: Step, otherwise: int) -> int:
        """The snapshot's row of the contract that a consolidated one has become, under its own id in the chain."""
        c, rows = self._columns, slice(step.first_row, step.end_row)
        same = (
            (c["expiry_days"][rows] == state.expiry_days)
            & (c["right"][rows] == (1 if state.right is Right.PUT else 0))
            & (np.abs(c["strike"][rows] - state.strike) < _STRIKE_ROUNDING)
        )
        for row in (np.flatnonzero(same) + step.first_row).tolist():
            if self._chain.roots[int(c["root"][row])] == state.root:
                return int(row)
        return otherwise

    def _read(self, state: ContractState, step: Step) -> None:
        c, row = self._columns, state.row
        strike = float(c["strike"][row])
        if strike != state.strike:
            if abs(strike - state.strike) > _STRIKE_ROUNDING:
                raise ContractTermsError(
                    f"{state.symbol}: listed strike {strike:g} in session {step.trade_day}, {state.strike:g} before, "
                    "and no split known by then explains it; check corporate_actions and its known_at"
                )
            state.strike = strike
        multiplier = float(c["multiplier"][row])
        if multiplier != state.multiplier:
            raise ContractTermsError(
                f"{state.symbol}: multiplier {multiplier:g} in session {step.trade_day}, {state.multiplier:g} before, "
                "and no corporate action known by then explains it; check corporate_actions and its known_at"
            )
        state.root = self._chain.roots[int(c["root"][row])]
        state.symbol = str(self._chain.symbols[c["symbol"][row]])
        quote = Quote(
            bid=float(c["bid"][row]),
            ask=float(c["ask"][row]),
            bid_size=float(c["bid_size"][row]),
            ask_size=float(c["ask_size"][row]),
            grade=QuoteGrade(int(c["grade"][row])),
            age_seconds=float(c["quote_age_seconds"][row]),
        )
        state.quote = quote
        # A quote that nobody knows yet at the decision may be traded against (the market does not wait for our
        # feed) but must not move marks, limits or exits that the decision looks at.
        known = int(c["known_at_us"][row]) <= step.decision_us
        grade = quote.actual_grade
        mid = quote.mid
        state.mark_present = (
            known and not math.isnan(mid) and grade not in (QuoteGrade.CROSSED, QuoteGrade.NO_QUOTE)
        )
        if state.mark_present:
            state.mark_mid, state.mark_ask = mid, quote.ask
            state.mark_bid = 0.0 if math.isnan(quote.bid) else quote.bid
            age_us = 0 if math.isnan(quote.age_seconds) else round(quote.age_seconds * 1e6)
            state.mark_ts_us = step.ts_us - age_us
        if known:
            # the chain's Greeks are of one unit of the multiplier, those of the book of one share
            shares = self._shares_per_unit(state)
            scales = {
                "delta": shares,
                "gamma": shares * shares,
                "vega_per_vol_point": 1.0,
                "theta_per_day": 1.0,
            }
            for name, scale in scales.items():
                value = float(c[name][row]) * scale
                if math.isfinite(value):
                    setattr(state, name, value)
            if "discount" in c and "year_fraction" in c:
                discount, years = float(c["discount"][row]), float(c["year_fraction"][row])
                if discount > 0 and years > 0:
                    state.discount_rate = -math.log(discount) / years
