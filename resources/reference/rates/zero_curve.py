"""From quoted rates to one zero curve: continuously compounded, decimal, actual/365."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from resources.reference.rates.par_curve import zero_rates_from_par
from resources.reference.rates.series import Observation, Overnight, ParYield, Quotation


@dataclass(frozen=True)
class ZeroRate:
    """One tenor of the curve: continuously compounded, decimal, actual/365."""

    series: str
    tenor_days: int
    rate: float
    observed: dt.date
    known_at_us: int


def zero_curve(latest: Mapping[str, Observation], quotations: Mapping[str, Quotation]) -> list[ZeroRate]:
    """The zero curve by tenor from the latest observation of each series.

    An overnight rate y on a year of D days gives r = 365 ln(1 + y/D). A treasury zero rate rests on all
    shorter yields too, so it is known when the last of these is.

    Raises
    ------
    ValueError
        If the par yields give no discount factors.
    """
    rows = []
    for series, quotation in quotations.items():
        if isinstance(quotation, Overnight) and series in latest:
            seen = latest[series]
            rate = 365 * math.log1p(seen.value / quotation.year_days)
            rows.append(ZeroRate(series, 1, rate, seen.day, seen.known_at_us))
            break
    par = {s: q.years for s, q in quotations.items() if isinstance(q, ParYield) and s in latest}
    used = sorted(par, key=par.__getitem__)
    years = [par[series] for series in used]
    known_at_us = 0
    zero = zero_rates_from_par(years, [latest[series].value for series in used]).tolist()
    for series, tenor, rate in zip(used, years, zero, strict=True):
        known_at_us = max(known_at_us, latest[series].known_at_us)
        rows.append(ZeroRate(series, int(365 * tenor), rate, latest[series].day, known_at_us))
    return rows
