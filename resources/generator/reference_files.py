"""Rates, corporate actions and settlement prices beside the chains."""

import datetime as dt
from bisect import bisect_left

import numpy as np

from engine.calendars import days_of_date
from resources.generator.atomic_files import csv_bytes
from resources.generator.market import Market, am_settlement_dates
from resources.generator.rate_curve import TENOR_DAYS

ACTIONS_HEADER = "underlying,effective_date,kind,new_shares,old_shares,cash_amount,currency,known_at,source"
#: rates begin this long before the quotes, since a day uses what was published before it
RATES_LEAD = dt.timedelta(days=30)
#: announcements come after the close
ANNOUNCED_AT = "20:30:00Z"
#: the opening print of an index is struck from its members' opens, not at the first published level
OPENING_PRINT_NOISE = 0.0004


def rate_files(market: Market, start: dt.date) -> dict[str, bytes]:
    """FRED layout, one file a series: date,value in percent a year; nothing on days without a session."""
    if market.rates is None:
        return {}
    first = bisect_left(market.sessions, start - RATES_LEAD)
    return {
        f"rates/{series}.csv": csv_bytes(
            "date,value",
            [
                f"{date},{value:.2f}"
                for date, value in zip(
                    market.sessions[first:], market.rates.yields_percent[first:, j].tolist(), strict=True
                )
            ],
        )
        for j, series in enumerate(TENOR_DAYS)
    }


def actions_csv(market: Market, start: dt.date) -> bytes:
    """Dividends and splits that take effect within the set."""
    spec, last = market.spec, market.sessions[-1]
    rows = [
        (d.ex_date, f"cash_dividend,1,1,{d.amount:.2f},USD,{d.announced}T{ANNOUNCED_AT}")
        for d in spec.dividends
        if start <= d.ex_date <= last
    ]
    if spec.split is not None and start <= spec.split.effective_date <= last:
        s = spec.split
        text = f"split,{s.new_shares},{s.old_shares},0,USD,{s.announced}T{ANNOUNCED_AT}"
        rows.append((s.effective_date, text))
    return csv_bytes(
        ACTIONS_HEADER, [f"{spec.symbol},{day},{text},optix generator" for day, text in sorted(rows)]
    )


def opening_print(market: Market, session: int) -> float:
    """The price at which AM contracts of a session settle, before it is rounded to the cent."""
    seed = [market.spec.seed, 12, days_of_date(market.sessions[session])]
    noise = np.random.default_rng(seed).standard_normal()
    opened = market.path.open[session] * market.share_basis[session]
    return float(opened * np.exp(OPENING_PRINT_NOISE * noise))


def settlement_csv(market: Market, start: dt.date) -> bytes:
    """Opening prints on the days on which AM contracts settle: date,symbol,settlement_price."""
    at = {d: i for i, d in enumerate(market.sessions)}
    rows = []
    for date in am_settlement_dates(market):
        if date < start:
            continue
        rows.append(f"{date},{market.spec.symbol},{opening_print(market, at[date]):.2f}")
    return csv_bytes("date,symbol,settlement_price", rows)
