"""The price at which an option settles, by its root's terms, and what it is then worth."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.execution.exercise import intrinsic
from engine.instruments.terms import Right, RootTerms, SettlementTime
from engine.market.underlying import UnderlyingHistory

DAY_US = 86_400_000_000
Proxy = Literal["none", "open", "close", "index_snapshot", "index_average"]


class UnsettledOptionError(RuntimeError):
    """An option reached expiry and no price exists at which it could settle."""


@dataclass(frozen=True, slots=True)
class SettlementPrice:
    """``proxy`` names what stood in for the official price, None if it was the official one."""

    price: float
    proxy: Proxy | None


def settlement_day(settles_us: int) -> int:
    """Session whose print settles the option: the UTC date of the settlement instant.

    Taken from the instant, not from the listed expiry, since Saturday expiries settled on Friday's prices.
    Right for every venue whose settlement falls on the same date in UTC and in local time (the Americas,
    Europe, 08:00 UTC).
    """
    return settles_us // DAY_US


def settlement_price(
    terms: RootTerms,
    *,
    symbol: str,
    settles_us: int,
    underlying: UnderlyingHistory,
    proxy: Proxy,
    snapshot_spot: float,
    index_average: Callable[[int], float] | None = None,
) -> SettlementPrice | None:
    """Official price of the settlement, else the study's proxy; None: it stays pending.

    PM roots settle at the session's close. AM and 08:00 UTC roots settle at the venue's ``settlement_price`` of
    that session: neither the open nor the close is the opening print. An AM root without its print stays pending,
    and never settles on a close, for that may lie percents away; a study may name another proxy.

    Parameters
    ----------
    snapshot_spot
        Spot of the first snapshot at or after settlement, used by the ``index_snapshot`` proxy only.
    index_average
        Average of the index over the venue's window that ends at an instant, used by the ``index_average`` proxy
        only; NaN where it is not known throughout.

    Raises
    ------
    UnsettledOptionError
        No official price of a PM or an 08:00 UTC root, and no proxy or a proxy without a price; or the close named
        as the proxy of an AM root.
    """
    if terms.settlement_time is SettlementTime.AM and proxy == "close":
        raise UnsettledOptionError(
            f"{symbol} settles on the opening print of {terms.underlying}, and the study's settlement.proxy is the "
            "close, which is another price; set it to none (the option then stays pending without a print), open, or "
            "index_snapshot, or close the option earlier with settlement.exit_before_expiry_days"
        )
    day = settlement_day(settles_us)
    row = underlying.row_of(day)
    pm = terms.settlement_time is SettlementTime.PM
    if row is not None:
        official = float((underlying.close if pm else underlying.settlement_price)[row])
        if not math.isnan(official):
            return SettlementPrice(official, None)
    stand_in = math.nan
    if proxy == "index_snapshot":
        stand_in = snapshot_spot
    elif proxy == "index_average" and index_average is not None:
        stand_in = index_average(settles_us)
    elif proxy != "none" and row is not None:
        stand_in = float((underlying.open if proxy == "open" else underlying.close)[row])
    if not math.isnan(stand_in):
        return SettlementPrice(stand_in, proxy)
    if terms.settlement_time is SettlementTime.AM:
        return None
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    wanted = "close" if pm else "delivery price"
    tried = "" if proxy == "none" else f", and the proxy {proxy} has no price there"
    raise UnsettledOptionError(
        f"{symbol} ({terms.settlement_time.value} settlement): no {wanted} of {terms.underlying} for {date}"
        f"{tried}; load one into underlying_prices, close the option earlier with "
        "settlement.exit_before_expiry_days, or name a settlement.proxy in the study"
    )


def settlement_value(terms: RootTerms, right: Right, strike: float, price: float) -> float:
    """What the option pays per unit of underlying, in the settlement currency.

    Coin-settled options pay ``intrinsic / price`` coins (inverse options: Deribit, "Inverse Options").
    """
    value = intrinsic(right, strike, price)
    return value / price if terms.coin_settled else value
