"""The expiry rules of known roots, with the first expiry of each program and where that is published."""

import datetime as dt

from engine.calendars.expiry_dates import FRIDAY
from engine.instruments.expiry_rules import (
    ExpiryKind,
    ExpiryProgram,
    ExpiryRule,
    every_day,
    fridays,
    last_fridays,
    last_fridays_of_quarters,
    month_ends,
    quarter_ends,
    third_fridays,
    vix_monthlies,
    vix_weeklies,
    weekdays,
)

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = range(4)

_MONTHLY = ExpiryProgram(ExpiryKind.MONTHLY, third_fridays)
#: Cboe listed the first one-week options, on indices, on 2005-10-28 (Cboe, "Weeklys Options"); stocks followed in 2010
#: (Nasdaq, "Nasdaq Weekly Options Expansion", 2026).
_INDEX_WEEKLY = ExpiryProgram(ExpiryKind.WEEKLY, weekdays(FRIDAY), dt.date(2005, 11, 4))
_STOCK_WEEKLY = ExpiryProgram(ExpiryKind.WEEKLY, weekdays(FRIDAY), dt.date(2010, 1, 1))


def _daily(since: dt.date, *days: int) -> ExpiryProgram:
    return ExpiryProgram(ExpiryKind.DAILY, weekdays(*days), since)


US_MONTHLY = ExpiryRule("third Fridays", (_MONTHLY,))

US_STOCK = ExpiryRule("third Fridays and Fridays", (_MONTHLY, _STOCK_WEEKLY))

#: Stocks above 700 billion dollars have Mondays and Wednesdays since 2026-01-26, the first of 2026-02-02 (Nasdaq, Short
#: Term Option Series Program, "Qualifying Securities").
US_MEGA_CAP = ExpiryRule(
    "third Fridays, Fridays, Mondays and Wednesdays",
    (*US_STOCK.programs, _daily(dt.date(2026, 2, 2), MONDAY, WEDNESDAY)),
)

#: Quarter ends since the third quarter of 2006 (ISE from 2006-07-10; OCC, "Quarterly Options"); Wednesdays from
#: 2016-09-07 (MIAX alert of 2016-09-06); Mondays listed from 2018-02-16 (Cboe notice). Tuesdays, Thursdays and the
#: other month ends stand in samples of July 2026; their first dates here are from memory.
US_INDEX_ETF = ExpiryRule(
    "third Fridays, quarter and month ends, every weekday",
    (
        _MONTHLY,
        ExpiryProgram(ExpiryKind.END_OF_QUARTER, quarter_ends, dt.date(2006, 9, 29)),
        ExpiryProgram(ExpiryKind.END_OF_MONTH, month_ends, dt.date(2023, 9, 1)),
        _STOCK_WEEKLY,
        _daily(dt.date(2016, 9, 7), WEDNESDAY),
        _daily(dt.date(2018, 2, 20), MONDAY),
        _daily(dt.date(2022, 11, 14), TUESDAY, THURSDAY),
    ),
)

#: Third Fridays came over from SPXPM on 2017-05-01 (Cboe RG17-002), quarter ends from SPXQ on 2014-07-03, month ends
#: began on 2014-07-07 (Cboe, 2014-05-29), Wednesdays with 2016-03-02 (RG16-024), Mondays with 2016-08-22, Tuesdays
#: were listed from 2022-04-18 and Thursdays from 2022-05-11 (Cboe, 2022).
SPX_PM = ExpiryRule(
    "every weekday, month ends and third Fridays at the close",
    (
        ExpiryProgram(ExpiryKind.MONTHLY, third_fridays, dt.date(2017, 5, 1)),
        ExpiryProgram(ExpiryKind.END_OF_QUARTER, quarter_ends, dt.date(2014, 7, 3)),
        ExpiryProgram(ExpiryKind.END_OF_MONTH, month_ends, dt.date(2014, 7, 7)),
        _INDEX_WEEKLY,
        _daily(dt.date(2016, 3, 2), WEDNESDAY),
        _daily(dt.date(2016, 8, 22), MONDAY),
        _daily(dt.date(2022, 4, 19), TUESDAY),
        _daily(dt.date(2022, 5, 12), THURSDAY),
    ),
)

#: PM-settled third Fridays, on C2 from October 2011, on Cboe from 2013-02-19 (RG13-012) until 2017-05-01; IVolatility
#: writes the quarter ends under it too.
SPX_PM_MONTHLY = ExpiryRule(
    "third Fridays and quarter ends at the close",
    (_MONTHLY, ExpiryProgram(ExpiryKind.END_OF_QUARTER, quarter_ends)),
)

QUARTER_ENDS = ExpiryRule("quarter ends", (ExpiryProgram(ExpiryKind.END_OF_QUARTER, quarter_ends),))

#: Any weekday, month ends and third Fridays of an index whose programs' first dates are not known here.
INDEX_PM = ExpiryRule(
    "any session",
    (
        _MONTHLY,
        ExpiryProgram(ExpiryKind.END_OF_QUARTER, quarter_ends),
        ExpiryProgram(ExpiryKind.END_OF_MONTH, month_ends),
        _INDEX_WEEKLY,
        ExpiryProgram(ExpiryKind.DAILY, weekdays(MONDAY, TUESDAY, WEDNESDAY, THURSDAY)),
    ),
)

#: Monthly options since February 2006, weeklies from 2015-10-08, approved in July 2015 (FR Doc. 2015-18274).
VIX_MONTHLY = ExpiryRule(
    "Wednesdays 30 days before the third Friday",
    (ExpiryProgram(ExpiryKind.MONTHLY, vix_monthlies, dt.date(2006, 3, 1)),),
)
VIX_WEEKLY = ExpiryRule(
    "the other Wednesdays", (ExpiryProgram(ExpiryKind.WEEKLY, vix_weeklies, dt.date(2015, 10, 14)),)
)

#: Deribit, "Contract Introduction Policy".
DERIBIT = ExpiryRule(
    "every day, Fridays, last Fridays of months and quarters",
    (
        ExpiryProgram(ExpiryKind.END_OF_QUARTER, last_fridays_of_quarters),
        ExpiryProgram(ExpiryKind.MONTHLY, last_fridays),
        ExpiryProgram(ExpiryKind.WEEKLY, fridays),
        ExpiryProgram(ExpiryKind.DAILY, every_day),
    ),
)
