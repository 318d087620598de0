"""Two strategies whose profit is known exactly, from the simulated truth by plain arithmetic.

A long straddle near the money, bought once and held to settlement, and a put some percent below the spot, sold
every week and held to settlement. Nothing here uses the engine: a backtest is held against these numbers.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.calendars import date_of_days
from engine.instruments.terms import SettlementTime
from resources.generator.contract_text import ContractText
from resources.generator.market import Market, MarketDay
from resources.generator.reference_files import opening_print
from resources.generator.specs import VendorLayout

STRADDLE_DAYS = 25, 75
PUT_DAYS = 4, 16
PUT_MONEYNESS = 0.97
#: an entry that could be quoted as nothing shows nothing
LEAST_PREMIUM = 0.0005


@dataclass
class Leg:
    """A contract held to settlement; prices per unit of underlying, in the quote currency."""

    row: int
    is_put: bool
    quantity: int
    contract: str
    multiplier: float
    expiry: dt.date
    strike_at_entry: float
    bid: float
    ask: float
    settlement_price: float | None = None
    strike_at_settlement: float | None = None
    contracts_at_settlement: float | None = None
    payoff: float | None = None

    @property
    def key(self) -> int:
        return 2 * self.row + self.is_put

    @property
    def mid(self) -> float:
        return 0.5 * (self.bid + self.ask)

    @property
    def worst(self) -> float:
        """What a taker pays or gets."""
        return self.ask if self.quantity > 0 else self.bid

    def profit(self, entry_price: float) -> float:
        """In the settlement currency."""
        assert self.payoff is not None and self.contracts_at_settlement is not None
        received = self.payoff * self.contracts_at_settlement
        return self.quantity * self.multiplier * (received - entry_price)


@dataclass
class Trade:
    strategy: str
    entered: dt.date
    legs: list[Leg]
    #: middle of all legs at each session from the entry on, per unit of the contract as it was bought
    marks: list[tuple[dt.date, float]] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        return all(leg.payoff is not None for leg in self.legs)


class KnownProfit:
    """Follows the sessions of a set in order.

    Parameters
    ----------
    spoiled
        Sessions whose file is spoiled as a whole: nothing is entered on them, and no mark is taken.
    """

    def __init__(self, market: Market, text: ContractText, spoiled: set[dt.date]) -> None:
        self._market, self._text, self._spoiled = market, text, spoiled
        self.trades: list[Trade] = []
        self._open: list[Trade] = []
        self._week: tuple[int, int] | None = None

    @property
    def held(self) -> set[int]:
        """Contracts held now."""
        return {leg.key for trade in self._open for leg in trade.legs}

    def observe(self, day: MarketDay) -> None:
        """Settle what expires on a session, enter what is due, and mark what is held."""
        self._settle(day)
        if day.date not in self._spoiled:
            if not self.trades or all(t.strategy != "long_straddle" for t in self.trades):
                self._enter(day, "long_straddle", STRADDLE_DAYS, (False, True), 1.0, 1)
            week = day.date.isocalendar()[:2]
            if week != self._week and self._enter(
                day, "weekly_short_put", PUT_DAYS, (True,), PUT_MONEYNESS, -1
            ):
                self._week = week
            self._mark(day)

    def _enter(
        self,
        day: MarketDay,
        strategy: str,
        days: tuple[int, int],
        sides: tuple[bool, ...],
        moneyness: float,
        quantity: int,
    ) -> bool:
        chain, market = day.chain, self._market
        ahead = chain.expiry_days - (day.date - dt.date(1970, 1, 1)).days
        within = (ahead >= days[0]) & (ahead <= days[1]) & (chain.bid > LEAST_PREMIUM)
        within &= chain.expiry_days <= (market.spec.end - dt.date(1970, 1, 1)).days
        if not within.any():
            return False
        expiry = int(chain.expiry_days[within].min())
        of_expiry = np.flatnonzero(within & (chain.expiry_days == expiry))
        rows = []
        for is_put in sides:
            mine = of_expiry[chain.is_put[of_expiry] == is_put]
            if not len(mine):
                return False
            distance = np.abs(chain.strike[mine] - moneyness * day.state.spot)
            rows.append(int(mine[np.argmin(distance)]))
        if len({float(chain.strike[r]) for r in rows}) > 1:
            return False
        trade = Trade(strategy, day.date, [self._leg(day, r, quantity) for r in rows])
        self.trades.append(trade)
        self._open.append(trade)
        return True

    def _leg(self, day: MarketDay, i: int, quantity: int) -> Leg:
        chain, market = day.chain, self._market
        row = int(chain.row[i])
        columns = self._text.columns(
            chain.row[i : i + 1], chain.is_put[i : i + 1].astype(np.int64), day.session
        )
        terms = market.spec.roots[int(market.contracts.root_code[row])]
        return Leg(
            row=row,
            is_put=bool(chain.is_put[i]),
            quantity=quantity,
            contract=columns["option"][0].as_py(),
            multiplier=terms.multiplier,
            expiry=date_of_days(int(chain.expiry_days[i])),
            strike_at_entry=float(chain.strike[i]),
            bid=float(chain.bid[i]),
            ask=float(chain.ask[i]),
        )

    def _settle(self, day: MarketDay) -> None:
        for trade in self._open:
            for leg in trade.legs:
                if leg.payoff is None and leg.expiry <= day.date:
                    self._settle_leg(leg, day)
        self._open = [t for t in self._open if not t.settled]

    def _settle_leg(self, leg: Leg, day: MarketDay) -> None:
        market, session = self._market, self._market.sessions.index(leg.expiry)
        terms = market.spec.roots[int(market.contracts.root_code[leg.row])]
        if market.spec.layout is VendorLayout.DERIBIT:
            price = float(market.delivery_price[session])
        elif terms.settlement_time is SettlementTime.AM:
            price = round(opening_print(market, session), 2)
        else:
            price = market.spot(session)
        row = np.array([leg.row])
        strike = float(market.contracts.strike_on(row, session)[0])
        value = max(strike - price, 0.0) if leg.is_put else max(price - strike, 0.0)
        leg.settlement_price, leg.strike_at_settlement = price, strike
        leg.contracts_at_settlement = float(market.contracts.contracts_per_original(row, session)[0])
        leg.payoff = value / price if terms.coin_settled else value

    def _mark(self, day: MarketDay) -> None:
        key = 2 * day.chain.row + day.chain.is_put
        for trade in self._open:
            worth = 0.0
            for leg in trade.legs:
                at = np.flatnonzero(key == leg.key)
                if leg.payoff is not None or not len(at):
                    break
                middle = 0.5 * float(day.chain.bid[at[0]] + day.chain.ask[at[0]])
                grown = self._market.contracts.contracts_per_original(np.array([leg.row]), day.session)[0]
                worth += leg.quantity * middle * float(grown)
            else:
                trade.marks.append((day.date, worth))

    def document(self) -> dict[str, Any]:
        """Everything that was traded and settled within the set; what is still open at its end is left out."""
        spec = self._market.spec
        settled = [t for t in self.trades if t.settled]
        return {
            "market": spec.name,
            "underlying": spec.symbol,
            "currency": spec.roots[0].settlement_currency,
            "fees": 0,
            "rules": {
                "long_straddle": f"buy one call and one put at the strike nearest the spot, of the first expiry "
                f"{STRADDLE_DAYS[0]} to {STRADDLE_DAYS[1]} days ahead; hold to settlement",
                "weekly_short_put": f"each week sell one put nearest {PUT_MONEYNESS} of the spot, of the first "
                f"expiry {PUT_DAYS[0]} to {PUT_DAYS[1]} days ahead; hold to settlement",
            },
            "profit_at_mid": {s: self._total(settled, s, "mid") for s in _STRATEGIES},
            "profit_at_worst_side": {s: self._total(settled, s, "worst") for s in _STRATEGIES},
            "trades": [_trade_document(t) for t in settled],
        }

    @staticmethod
    def _total(trades: list[Trade], strategy: str, side: str) -> float:
        return round(
            sum(leg.profit(getattr(leg, side)) for t in trades if t.strategy == strategy for leg in t.legs), 6
        )


_STRATEGIES = ("long_straddle", "weekly_short_put")


def _trade_document(trade: Trade) -> dict[str, Any]:
    return {
        "strategy": trade.strategy,
        "entered": trade.entered.isoformat(),
        "profit_at_mid": round(sum(leg.profit(leg.mid) for leg in trade.legs), 6),
        "profit_at_worst_side": round(sum(leg.profit(leg.worst) for leg in trade.legs), 6),
        "legs": [
            {
                "contract": leg.contract,
                "quantity": leg.quantity,
                "multiplier": leg.multiplier,
                "strike": leg.strike_at_entry,
                "bid": leg.bid,
                "ask": leg.ask,
                "expiry": leg.expiry.isoformat(),
                "settlement_price": leg.settlement_price,
                "strike_at_settlement": leg.strike_at_settlement,
                "contracts_at_settlement": leg.contracts_at_settlement,
                "payoff": leg.payoff,
            }
            for leg in trade.legs
        ],
        "marks": [[day.isoformat(), round(worth, 6)] for day, worth in trade.marks],
    }
