"""Known option roots and their terms, by date.

Terms are those of contracts that expire between ``expiries_from`` and ``expiries_until``; outside of them nothing is
known here. Each record names its source. Stocks and funds whose options are ordinary (American, physical, 100 shares,
16:00) stand here only where something about them is known by date.
"""

import datetime as dt
from dataclasses import dataclass, replace

from engine.instruments import listed_rules as rules
from engine.instruments.expiry_rules import ExpiryRule
from engine.instruments.terms import ExerciseStyle, SettlementTime, SettlementType, UnderlyingKind
from engine.instruments.tick_sizes import TickClass

AMERICAN, EUROPEAN = ExerciseStyle.AMERICAN, ExerciseStyle.EUROPEAN
AM, PM, UTC08 = SettlementTime.AM, SettlementTime.PM, SettlementTime.UTC08
CASH, PHYSICAL = SettlementType.CASH, SettlementType.PHYSICAL
_ETF, _STOCK = UnderlyingKind.ETF, UnderlyingKind.STOCK


class UnknownRootError(LookupError):
    """The table has no such root, or knows nothing of it at that time."""


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """Terms of one root.

    Attributes
    ----------
    multiplier
        Units of the underlying per contract.
    trading_close
        Wall time of the exchange at which quotes stop on an ordinary session (expiring PM-settled index options stop
        at 16:00); None at venues that never close.
    tick_class
        Today's; None where no source says.
    expiries_from, expiries_until
        First and last expiry with these terms.
    first_session, last_session
        Days on which the root itself was first and last traded; None where no source says, or it still is.
    """

    root: str
    underlying: str
    kind: UnderlyingKind
    style: ExerciseStyle
    settlement_time: SettlementTime
    settlement_type: SettlementType
    multiplier: float
    trading_close: str | None
    tick_class: TickClass | None
    expiry_rule: ExpiryRule
    source: str
    expiries_from: dt.date | None = None
    expiries_until: dt.date | None = None
    first_session: dt.date | None = None
    last_session: dt.date | None = None

    def applies(self, first: dt.date, last: dt.date) -> bool:
        """Whether a contract that expires between two days can have these terms."""
        return (self.expiries_from or first) <= last and (self.expiries_until or last) >= first


def _index(
    root: str,
    underlying: str,
    time: SettlementTime,
    rule: ExpiryRule,
    source: str,
    tick_class: TickClass = TickClass.STANDARD,
) -> KnownRoot:
    kind = UnderlyingKind.INDEX
    return KnownRoot(root, underlying, kind, EUROPEAN, time, CASH, 100.0, "16:15", tick_class, rule, source)


def _shares(
    root: str, kind: UnderlyingKind, rule: ExpiryRule, tick_class: TickClass, close: str, source: str
) -> KnownRoot:
    return KnownRoot(root, root, kind, AMERICAN, PM, PHYSICAL, 100.0, close, tick_class, rule, source)


def _coin(root: str, underlying: str, multiplier: float, tick: TickClass | None, source: str) -> KnownRoot:
    kind = UnderlyingKind.COIN
    return KnownRoot(
        root, underlying, kind, EUROPEAN, UTC08, CASH, multiplier, None, tick, rules.DERIBIT, source
    )


_SPX = "Cboe, SPX Options Product Specification"
_OEX = "Cboe, XEO and OEX Options Product Specifications"
_SPXW = _index("SPXW", "SPX", PM, rules.SPX_PM, "Cboe, Weeklys Contract Specifications (RG10-112)")
_VIX = "Cboe, VIX Options Product Specification; FR Doc. 2015-18274"
_LATE_ETFS = "options that trade until 15:15 Chicago (IG, US Options); MIAX alert of 2020-06-29 on ticks"
_MEGA_CAPS = "Nasdaq, Short Term Option Series Program, qualifying securities of the first quarter of 2026"
_LINEAR = "Deribit, Linear USDC Options"
_INVERSE = "Deribit, Contract specifications options; notice of 2023-07-06"

_INDICES = (
    _index("SPX", "SPX", AM, rules.US_MONTHLY, _SPX),
    # the last that settled at the open expired on 2010-12-03, the first at the close on 2010-12-10
    replace(
        _SPXW,
        settlement_time=AM,
        expiries_until=dt.date(2010, 12, 3),
        first_session=dt.date(2005, 10, 28),
    ),
    replace(_SPXW, expiries_from=dt.date(2010, 12, 4), first_session=dt.date(2005, 10, 28)),
    replace(
        _index("SPXQ", "SPX", PM, rules.QUARTER_ENDS, "Cboe, notices of 2007-02 and 2014-05-29"),
        first_session=dt.date(2007, 2, 21),
        last_session=dt.date(2014, 7, 2),
    ),
    replace(
        _index("SPXPM", "SPX", PM, rules.SPX_PM_MONTHLY, "Cboe RG13-012 and RG17-002"),
        last_session=dt.date(2017, 4, 28),
    ),
    # settled at the open as well before the PM pilot of 2013; the date is from memory
    replace(
        _index(
            "XSP", "XSP", PM, rules.INDEX_PM, "Cboe, XSP Options Product Specification", TickClass.PENNY_ALL
        ),
        expiries_from=dt.date(2013, 8, 1),
    ),
    _index("NDX", "NDX", AM, rules.US_MONTHLY, "Nasdaq PHLX, Broad Based Index Options"),
    _index("NDXP", "NDX", PM, rules.INDEX_PM, "SEC releases 34-84034 and 34-98644"),
    _index("RUT", "RUT", AM, rules.US_MONTHLY, "Cboe, RUT index options"),
    # RUTQ became RUTW on this day, weeklies followed on 2016-01-21
    replace(
        _index("RUTW", "RUT", PM, rules.INDEX_PM, "Cboe, RUT Weeklys, 2015-12-21"),
        first_session=dt.date(2016, 1, 5),
    ),
    _index("DJX", "DJX", AM, rules.US_MONTHLY, "Cboe, DJX Options Product Specification", TickClass.PENNY),
    replace(_index("OEX", "OEX", PM, rules.INDEX_PM, _OEX), style=AMERICAN),
    _index("XEO", "OEX", PM, rules.INDEX_PM, _OEX),
    replace(
        _index("VIX", "VIX", AM, rules.VIX_MONTHLY, _VIX, TickClass.VIX), first_session=dt.date(2006, 2, 24)
    ),
    replace(
        _index("VIXW", "VIX", AM, rules.VIX_WEEKLY, _VIX, TickClass.VIX_WEEKLY),
        first_session=dt.date(2015, 10, 8),
    ),
)

_FUNDS = (
    *(
        _shares(root, _ETF, rules.US_INDEX_ETF, TickClass.PENNY_ALL, "16:15", _LATE_ETFS)
        for root in ("SPY", "QQQ", "IWM")
    ),
    _shares("DIA", _ETF, rules.US_INDEX_ETF, TickClass.PENNY, "16:15", _LATE_ETFS),
    _shares("IBIT", _ETF, rules.US_MEGA_CAP, TickClass.PENNY, "16:00", _MEGA_CAPS),
)

_STOCKS = (
    *(
        _shares(root, _STOCK, rules.US_MEGA_CAP, TickClass.PENNY, "16:00", _MEGA_CAPS)
        for root in ("AAPL", "AMZN", "AVGO", "GOOGL", "MSFT", "NVDA", "TSLA")
    ),
    # the ticker changed from FB on 2022-06-09 (Lean's map file of META)
    replace(
        _shares("META", _STOCK, rules.US_MEGA_CAP, TickClass.PENNY, "16:00", _MEGA_CAPS),
        first_session=dt.date(2022, 6, 9),
    ),
)

_COINS = (
    _coin("BTC", "BTC", 1.0, TickClass.DERIBIT_COIN, _INVERSE),
    _coin("ETH", "ETH", 1.0, TickClass.DERIBIT_COIN, _INVERSE),
    _coin("SOL_USDC", "SOL", 10.0, None, _LINEAR),
)

KNOWN_ROOTS: tuple[KnownRoot, ...] = (*_INDICES, *_FUNDS, *_STOCKS, *_COINS)


def known_roots(root: str, kind: UnderlyingKind) -> tuple[KnownRoot, ...]:
    """What the table has of a root on an underlying of that kind, in order of time; empty where it has none.

    The kind keeps a coin apart from the fund that has its name as ticker.
    """
    return tuple(r for r in KNOWN_ROOTS if r.root == root and r.kind is kind)


def known_root(root: str, kind: UnderlyingKind, expiry: dt.date) -> KnownRoot:
    """The terms of a root's contracts that expire on a day.

    Raises
    ------
    UnknownRootError
        Naming what the table does have.
    """
    there = known_roots(root, kind)
    for candidate in there:
        if candidate.applies(expiry, expiry):
            return candidate
    if there:
        spans = ", ".join(f"{r.expiries_from or 'ever'} to {r.expiries_until or 'today'}" for r in there)
        raise UnknownRootError(f"root {root}: nothing is known of expiries on {expiry}, only of {spans}")
    names = ", ".join(sorted({r.root for r in KNOWN_ROOTS if r.kind is kind}))
    raise UnknownRootError(f"root {root} ({kind}): the table of roots has no such root, only {names}")
