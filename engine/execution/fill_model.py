"""From a quote to a fill price, or to the rule that forbids the fill."""

import math
from dataclasses import dataclass

from engine.backtest.study import ExecutionSpec
from engine.instruments.terms import QuoteGrade

NEVER_FILLED = frozenset({QuoteGrade.LOCKED, QuoteGrade.CROSSED, QuoteGrade.NO_QUOTE})


@dataclass(frozen=True, slots=True)
class Quote:
    """One contract at one snapshot; a missing price or size is NaN."""

    bid: float
    ask: float
    bid_size: float
    ask_size: float
    grade: QuoteGrade
    age_seconds: float

    @property
    def actual_grade(self) -> QuoteGrade:
        """The stored grade, unless the prices themselves say worse."""
        no_bid, no_ask = math.isnan(self.bid), math.isnan(self.ask)
        if no_bid and no_ask:
            return QuoteGrade.NO_QUOTE
        if self.bid > self.ask:
            return QuoteGrade.CROSSED
        if self.bid == self.ask:
            return QuoteGrade.LOCKED
        if (no_bid or no_ask) and self.grade < QuoteGrade.LOCKED:
            return QuoteGrade.ONE_SIDED
        return self.grade

    @property
    def mid(self) -> float:
        """Middle of the quote; of an offer without a bid half the ask, since the option is worth between
        nothing and the ask; NaN for a bid without an ask, which bounds nothing from above."""
        if math.isnan(self.bid):
            return self.ask / 2.0
        return (self.bid + self.ask) / 2.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: the rule, the value that broke it, the limit (NaN where there is none)."""

    rule: str
    value: float
    limit: float
    note: str


@dataclass(frozen=True, slots=True)
class LegPrice:
    """Prices of one leg per unit of underlying.

    ``modelled`` is what the study's execution gives; ``mid`` the same trade at mid; ``worst`` the touch, or
    the modelled price where that is worse still.
    """

    modelled: float
    mid: float
    worst: float
    abandoned: bool = False


def price_leg(
    quote: Quote,
    quantity: float,
    execution: ExecutionSpec,
    *,
    symbol: str,
    closing: bool = False,
) -> LegPrice | Refusal:
    """Price a buy (``quantity`` > 0) or sell of ``abs(quantity)`` contracts against one quote.

    ``touch``: a buy pays ``ask + f (ask - bid) / 2``, a sell gets ``bid - f (ask - bid) / 2``.
    ``mid_plus``: a buy pays ``mid + f (ask - bid) / 2``, a sell mirrored; f = 1 is the touch. A sell never
    gets less than 0. Half the quoted width times a fraction is one of several conventions in the field
    (others take a fraction of the full width from the favourable side): this one is in units of half spreads.

    A one-sided quote fills, where the study's ``fill_grades`` allow ``one_sided``, at the side that exists,
    without slippage, for there is no width to take it from. A *closing* sale of an option without a bid is
    then an abandonment at 0, the worst price that a long option can have.

    Returns
    -------
    LegPrice, or the Refusal that says which rule forbids the fill.
    """
    grade = quote.actual_grade
    if grade in NEVER_FILLED:
        return Refusal(f"grade_{grade.name.lower()}", float(grade), math.nan, f"{symbol}: never fills")
    if grade.name.lower() not in execution.fill_grades:
        allowed = ", ".join(execution.fill_grades)
        return Refusal(
            f"grade_{grade.name.lower()}", float(grade), math.nan, f"{symbol}: the study fills {allowed}"
        )
    buying = quantity > 0
    size = quote.ask_size if buying else quote.bid_size
    touch = quote.ask if buying else quote.bid
    if math.isnan(touch):
        if buying or not closing:
            side = "ask to buy from" if buying else "bid to sell to"
            return Refusal("no_price", math.nan, math.nan, f"{symbol}: no {side}")
        return LegPrice(modelled=0.0, mid=quote.mid, worst=0.0, abandoned=True)
    cap = execution.max_size_fraction
    # a source without sizes cannot cap; the run is flagged for it by the order desk
    if cap is not None and not math.isnan(size) and abs(quantity) > cap * size + 1e-12:
        return Refusal("max_size_fraction", abs(quantity), cap * size, f"{symbol}: displayed size {size:g}")
    if grade is QuoteGrade.ONE_SIDED and (math.isnan(quote.bid) or math.isnan(quote.ask)):
        mid = quote.mid if not math.isnan(quote.mid) else touch
        return LegPrice(modelled=touch, mid=mid, worst=touch)
    half = execution.slippage_fraction * (quote.ask - quote.bid) / 2.0
    start = touch if execution.price == "touch" else quote.mid
    if buying:
        price = start + half
        return LegPrice(modelled=price, mid=quote.mid, worst=max(price, touch))
    price = max(0.0, start - half)
    return LegPrice(modelled=price, mid=quote.mid, worst=min(price, touch))
