"""A book of shares and options that meets drawn corporate actions, for the property tests.

The memos are drawn up here by the clearing house's methods, in plain arithmetic that shares nothing with the engine:
whole splits multiply contracts, odd ones the multiplier, reverse splits and whatever pays in other securities change
what is delivered, and cash above the threshold comes off the strike.
"""

import datetime as dt
import math
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from engine.backtest.contract_events import ContractEvents
from engine.backtest.corporate_events import CorporateEvents
from engine.backtest.recorder import Recorder
from engine.backtest.run import with_adjusted_roots
from engine.backtest.share_events import ShareEvents
from engine.corporate_actions.events import ORDER_OF_DAY, ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.execution.desk import OrderDesk
from engine.execution.fill_model import LegPrice
from engine.instruments.deliverable import Deliverable
from engine.instruments.terms import Right
from engine.market.cursor import ReplayCursor, Step
from engine.portfolio.book import Book
from engine.portfolio.contracts import ContractDesk, ContractState
from engine.portfolio.package import Package
from engine.portfolio.shares import Shares

EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Draw:
    """What hypothesis draws of one event; numbers are used as the kind needs them."""

    kind: ActionKind
    same_day: bool
    n: int
    m: int
    fraction: float
    own_price: bool


def write_actions(
    draws: list[Draw], factory: ModuleType, spot: float, lowest_strike: float
) -> list[CorporateAction]:
    """The drawn events in order, each with its memo where contracts need one; nothing follows a final event."""
    actions: list[CorporateAction] = []
    per_contract = {"U": 100.0}  # what one contract delivers, fractions included
    multiplier, cash, standard = 100.0, 0.0, True
    mark, least_strike, day = spot, lowest_strike, factory.MONDAY
    for number, draw in enumerate(draws):
        # within a date memos build on each other in the order in which the engine applies them
        follows = bool(actions) and ORDER_OF_DAY[draw.kind] > ORDER_OF_DAY[actions[-1].kind]
        day += 0 if draw.same_day and follows else 1
        fields: dict[str, Any] = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0}
        memo: OptionMemo | None = None
        kind = draw.kind
        if kind in (ActionKind.SPLIT, ActionKind.STOCK_DIVIDEND):
            new, old = (draw.n, draw.m) if kind is ActionKind.SPLIT else (100 + draw.n, 100)
            if new == old:
                continue
            ratio = new / old
            fields |= {"new_shares": float(new), "old_shares": float(old)}
            whole = ratio >= 2 and ratio == round(ratio)
            if whole and standard:
                least_strike /= ratio
            elif ratio > 1 and standard:
                # an odd split: more is delivered for the same aggregate strike
                multiplier *= ratio
                per_contract["U"] *= ratio
                least_strike /= ratio
                memo = OptionMemo(
                    strike_divisor=ratio, multiplier=multiplier, deliverable=_delivered(per_contract, cash)
                )
                standard = False
            else:
                per_contract["U"] *= ratio
                memo = OptionMemo(deliverable=_delivered(per_contract, cash))
                standard = False
            mark /= ratio
        elif kind is ActionKind.CASH_DIVIDEND:
            fields["cash_amount"] = round(mark * draw.fraction / 20, 4)
            mark -= fields["cash_amount"]
        elif kind in (ActionKind.SPECIAL_DIVIDEND, ActionKind.CAPITAL_GAIN):
            amount = round(min(mark, least_strike) * (0.02 + draw.fraction / 10), 2)
            reduction = amount * per_contract["U"] / multiplier
            if not 0.13 <= amount < mark / 2 or reduction > least_strike / 2:
                continue
            fields["cash_amount"] = amount
            least_strike -= reduction
            memo = OptionMemo(strike_reduction=reduction)
            mark -= amount
        elif kind in (ActionKind.SPIN_OFF, ActionKind.RIGHTS):
            child = f"S{number}"
            ratio = draw.n / draw.m
            value = mark * (0.05 + draw.fraction / 2) / ratio
            fields |= {
                "new_shares": float(draw.n), "old_shares": float(draw.m), "new_security": child,
                "security_value": value, "basis_kept": draw.fraction if draw.own_price else None,
            }  # fmt: skip
            per_contract[child] = per_contract["U"] * ratio
            memo = OptionMemo(deliverable=_delivered(per_contract, cash))
            standard = False
            mark -= ratio * value
        elif kind is ActionKind.SYMBOL_CHANGE:
            fields["new_security"] = f"NEW{number}"
        else:
            stock = kind is ActionKind.MERGER and draw.n != 1
            paid = mark * draw.fraction if stock else mark
            fields["cash_amount"] = paid
            shares = per_contract.pop("U")
            cash += shares * paid
            if stock:
                ratio = draw.n / draw.m
                fields |= {
                    "new_shares": float(draw.n), "old_shares": float(draw.m), "new_security": "ABC",
                    "security_value": (mark - paid) / ratio,
                }  # fmt: skip
                per_contract["ABC"] = shares * ratio
            memo = OptionMemo(deliverable=_delivered(per_contract, cash))
        if draw.own_price:
            fields["cash_in_lieu_price"] = round(mark * 1.01, 2)
        actions.append(
            CorporateAction(
                "U",
                EPOCH + dt.timedelta(days=day),
                kind,
                currency="USD",
                known_at_us=(factory.MONDAY - 5) * factory.DAY_US,
                source=str(number),
                memos=() if memo is None else (memo,),
                **fields,
            )
        )
        if kind in (ActionKind.MERGER, ActionKind.LIQUIDATION):
            break
    return actions


def _delivered(per_contract: dict[str, float], cash: float) -> Deliverable:
    parts = []
    for security, quantity in per_contract.items():
        whole = math.floor(quantity + 1e-9)
        if whole:
            parts.append(f"{whole} {security}")
        if quantity - whole > 1e-9:
            parts.append(f"cash in lieu of {quantity - whole!r} {security}")
    if cash:
        parts.append(f"USD {cash!r}")
    return Deliverable.parse(" + ".join(parts))


class World:
    """One package of share lots and option lots, and the part of the event loop that events need."""

    def __init__(
        self,
        factory: ModuleType,
        actions: list[CorporateAction],
        share_lots: list[tuple[float, float]],
        options: list[tuple[str, float, float, float]],
        spot: float,
        *,
        underlying: str = "U",
        root: str = "X",
        first_day: int | None = None,
    ) -> None:
        self._factory = factory
        standard = replace(factory.terms("stock")["X"], root=root, underlying=underlying)
        terms = with_adjusted_roots({root: standard}, actions)
        rows = [
            factory.quote(
                0,
                i,
                root=root,
                right=int(right == "P"),
                strike=strike,
                bid=mark,
                ask=mark,
                spot=spot,
                expiry=300,
            )
            for i, (right, strike, _, mark) in enumerate(options, start=1)
        ] or [factory.quote(0, 99, spot=spot, expiry=300, root=root)]
        chain = factory.chain_of(rows)
        self.step: Step = next(iter(ReplayCursor(chain, factory.underlying_of({0: spot}), ())))
        self.shares = Shares(underlying)
        self.book = Book(1e7, "USD", self.shares, 0)
        self.book.share_mark = spot
        self.contracts = ContractDesk(chain, self.shares)
        self.recorder = Recorder("USD")
        ignore = lambda *_: None  # noqa: E731
        self.desk = OrderDesk(
            factory.study(), self.book, self.contracts, on_fill=ignore, on_refusal=ignore, on_quote=ignore, flag=ignore
        )  # fmt: skip
        self.package = self.book.packages[1] = Package(1, "test", 1.0, 0, 0, 1e7, 0.0, 0.0)
        for quantity, price in share_lots:
            self._trade(None, quantity, price)
        for i, (_, _, quantity, mark) in enumerate(options, start=1):
            state = self.contracts.find(i, self.step)
            state.mark_mid = state.mark_bid = state.mark_ask = mark
            self._trade(state, quantity, mark * 0.9)
        self.events = CorporateEvents(
            actions,
            first_day=factory.MONDAY if first_day is None else first_day,
            contracts=ContractEvents(terms, self.book, self.contracts, self.desk, self.recorder),
            shares=ShareEvents(self.book, self.desk, self.recorder),
            flag_late=ignore,
        )

    def _trade(self, state: ContractState | None, quantity: float, price: float) -> None:
        self.book.trade(0, self.package, state, quantity, LegPrice(price, price, price), 0.0, entry=True)

    def on(self, day: int) -> None:
        """The first snapshot of a session, no new quote in it."""
        ts = day * self._factory.DAY_US + 20 * self._factory.HOUR_US
        self.step = Step(1, ts, ts, day, 0, 0, math.nan, True, False)
        self.events.apply(self.step, lambda _: None)

    def nav(self) -> float:
        return self.book.check(self.step.ts_us).nav

    def cost(self) -> float:
        return sum(leg.lots.cost for leg in self.package.legs.values())

    def realized(self) -> float:
        return sum(leg.lots.realized for leg in self.package.legs.values())

    def event_rows(self) -> list[dict[str, Any]]:
        return self.recorder._events

    def worth_if_exercised(self) -> float:
        """What all options would bring if every call was exercised and every put, in the money or not."""
        total = 0.0
        for leg in self.package.open_legs():
            c = leg.contract
            if c is None:
                continue
            delivered = c.delivered("U")
            prices = {s: self.shares.mark(self.shares.name(s)) for s in delivered.securities}
            sign = 1.0 if c.right is Right.CALL else -1.0
            total += leg.quantity * sign * (delivered.value(prices) - c.strike * c.multiplier)
        return total

    def slack_of_strikes(self) -> float:
        """What half a cent of rounding on every strike is worth."""
        return sum(
            abs(leg.quantity) * leg.contract.multiplier * 0.005
            for leg in self.package.open_legs()
            if leg.contract is not None
        )
