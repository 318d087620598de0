"""One row of the equity table: value, Greeks and the age of the marks at a snapshot."""

import math
from typing import Any

from engine.market.cursor import Step
from engine.portfolio.book import Book, Valuation

_GREEKS = ("delta", "gamma", "vega_per_vol_point", "theta_per_day")


def equity_row(
    step: Step, book: Book, value: Valuation, *, peak: float, halted: bool, coin: bool
) -> dict[str, Any]:
    """NAV, drawdown (NAV over its peak so far, less 1: 0 or negative), Greeks and exposure.

    Greeks are sums over open legs of the last known Greek per unit times units; NaN while a leg has never had
    one. Delta counts shares of the underlying at 1 and leaves out the base currency's own cash, also where that is a
    coin, and other securities that a corporate action handed out, whose price is another one.
    Exposure is |delta| in units of underlying times spot over NAV in the same money. ``nav_usd`` is NAV times
    spot for a coin book, NAV itself for a dollar book, NaN for any other currency.
    """
    totals = dict.fromkeys(_GREEKS, 0.0)
    oldest_us = step.ts_us
    for package in book.packages.values():
        for leg in package.open_legs():
            units = leg.quantity * leg.lots.multiplier
            if leg.contract is None:
                if leg.instrument == book.underlying:
                    totals["delta"] += units
                continue
            totals["delta"] += units * leg.contract.delta
            totals["gamma"] += units * leg.contract.gamma
            totals["vega_per_vol_point"] += units * leg.contract.vega_per_vol_point
            totals["theta_per_day"] += units * leg.contract.theta_per_day
            oldest_us = min(oldest_us, leg.contract.mark_ts_us)
    in_dollars = 1.0 if book.currency == "USD" else math.nan
    nav_usd = value.nav * (book.share_mark if coin else in_dollars)
    money = nav_usd if coin else value.nav
    # a flat book is not exposed, whether or not the snapshot has a spot
    exposure = abs(totals["delta"]) * book.share_mark / money if totals["delta"] != 0.0 else 0.0
    return {
        "ts_us": step.ts_us,
        "trade_days": step.trade_day,
        "nav": value.nav,
        "cash": value.cash,
        "marks": value.marks,
        "nav_at_mid": value.nav_at_mid,
        "nav_at_worst": value.nav_at_worst,
        "nav_usd": nav_usd,
        "drawdown": value.nav / peak - 1.0,
        **totals,
        "open_packages": len(book.packages),
        "exposure": exposure,
        "oldest_mark_seconds": (step.ts_us - oldest_us) / 1e6,
        "halted": halted,
    }
