"""The contracts that the run holds or has on order: their listed terms today and their latest marks."""

import math
from dataclasses import dataclass

from engine.execution.fill_model import Quote
from engine.instruments.terms import QuoteGrade, Right
from engine.market.cursor import Step
from engine.market.history import ChainHistory

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

    def split(self, ratio: float) -> None:
        """Terms and marks after ``ratio`` new shares for one (OCC, whole n-for-1: strike / n)."""
        self.strike /= ratio
        self.mark_mid /= ratio
        self.mark_bid /= ratio
        self.mark_ask /= ratio
        self.gamma *= ratio
        self.vega_per_vol_point /= ratio
        self.theta_per_day /= ratio


class ContractDesk:
    """Finds contracts in the chain and follows each along its row links, reading only their rows."""

    def __init__(self, chain: ChainHistory) -> None:
        self._chain = chain
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
        )
        self._states[contract_id] = state
        self._read(state, step)
        return state

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
            state.row = row
            if row >= step.first_row:
                self._read(state, step)
            else:
                state.quote = None
                state.mark_present = False

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
            for name in ("delta", "gamma", "vega_per_vol_point", "theta_per_day"):
                value = float(c[name][row])
                if math.isfinite(value):
                    setattr(state, name, value)
