"""The examples: each event with what was held, and what must have become of it, worked out by hand.

Real events carry the clearing house's published terms; XYZ stands for a share of nobody's.
"""

import datetime as dt
from dataclasses import dataclass

from engine.corporate_actions.events import ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.instruments.deliverable import Deliverable

#: right, strike, contracts, price per unit
OptionHeld = tuple[str, float, float, float]


@dataclass(frozen=True)
class Becomes:
    """What a position is after the event, computed by hand.

    Attributes
    ----------
    options
        (root, strike, contracts, multiplier, deliverable; empty: as many shares as the multiplier says) each.
    shares
        Security -> (shares, cost of all of them).
    cash
        Received (paid: negative).
    """

    options: tuple[tuple[str, float, float, float, str], ...] = ()
    shares: tuple[tuple[str, float, float], ...] = ()
    cash: float = 0.0


@dataclass(frozen=True)
class Exercise:
    """Exercise of one contract of the first option afterwards, at these prices per share."""

    prices: tuple[tuple[str, float], ...]
    unit_price: float
    cash: float
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Example:
    """One event."""

    title: str
    text: str
    action: CorporateAction
    root: str
    spot: float
    shares: tuple[float, float] | None
    options: tuple[OptionHeld, ...]
    becomes: Becomes
    exercise: Exercise | None = None


def _action(
    kind: ActionKind, underlying: str, date: str, *memos: OptionMemo, **fields: object
) -> CorporateAction:
    effective = dt.date.fromisoformat(date)
    known = (effective - dt.date(1970, 1, 1)).days - 10
    values: dict[str, object] = {"new_shares": 1.0, "old_shares": 1.0, "cash_amount": 0.0, **fields}
    return CorporateAction(
        underlying, effective, kind, currency="USD", known_at_us=known * 86_400_000_000, memos=memos, **values
    )  # type: ignore[arg-type]


def _delivers(text: str) -> Deliverable:
    return Deliverable.parse(text)


EXAMPLES: tuple[Example, ...] = (
    Example(
        "Split, n for 1",
        "Contracts are multiplied and strikes divided by n; the root, the multiplier and the hundred shares stay. The "
        "rule leaves no choice, so no memo is needed. New strikes are rounded to the cent: 650 / 7 is 92.857...",
        _action(ActionKind.SPLIT, "AAPL", "2014-06-09", new_shares=7.0),
        "AAPL", 645.57, (100.0, 600.0), (("C", 650.0, -1.0, 14.0), ("P", 630.0, -1.0, 8.4)),
        Becomes(
            (("AAPL", 92.86, -7.0, 100.0, ""), ("AAPL", 90.0, -7.0, 100.0, "")), (("AAPL", 700.0, 60_000.0),)
        ),
        Exercise((("AAPL", 95.0),), 95.0, -9_286.0, (("AAPL", 100.0),)),
    ),
    Example(
        "Split, n for m",
        "A 3-for-2 split makes 150 shares of 100. The strike is divided by 1.5 and a contract delivers 150 shares, "
        "which its multiplier follows, so that the aggregate strike stays 6,000. How odd splits were handled differed "
        "from era to era: the memo says it, nothing derives it.",
        _action(
            ActionKind.SPLIT, "XYZ", "2006-03-01",
            OptionMemo("XYZ", "XYA", strike_divisor=1.5, multiplier=150.0, deliverable=_delivers("150 XYZ")),
            new_shares=3.0, old_shares=2.0,
        ),
        "XYZ", 63.0, (101.0, 45.0), (("C", 60.0, 2.0, 4.5),),
        # 151.5 shares: the half is sold at 42, its part of the cost of 30 a share goes with it
        Becomes((("XYA", 40.0, 2.0, 150.0, ""),), (("XYZ", 151.0, 4_530.0),), 21.0),
        Exercise((("XYZ", 44.0),), 44.0, -6_000.0, (("XYZ", 150.0),)),
    ),
    Example(
        "Reverse split",
        "Contracts and strikes stay, the deliverable shrinks, and the old contracts move to a root of their own: USO "
        "became USO1, which delivers 12 new shares and cash for half a one. Such a contract is worth 0.125 of a share "
        "per unit, and that is what its strike is compared with.",
        _action(
            ActionKind.SPLIT, "USO", "2020-04-29",
            OptionMemo("USO", "USO1", multiplier=100.0, deliverable=_delivers("12 USO + cash in lieu of 0.5 USO")),
            new_shares=1.0, old_shares=8.0,
        ),
        "USO", 2.25, (100.0, 4.0), (("P", 3.0, -1.0, 0.8),),
        # 12.5 shares: the half is sold at 18, with half of the 32 that a new share cost
        Becomes(
            (("USO1", 3.0, -1.0, 100.0, "12 USO + cash in lieu of 0.5 USO"),), (("USO", 12.0, 384.0),), 9.0
        ),
        Exercise((("USO", 20.0),), 2.5, 290.0, (("USO", -12.0),)),
    ),
    Example(
        "Stock dividend",
        "A dividend of 5% in shares makes 105 of 100; the strike is divided by 1.05, to the cent.",
        _action(
            ActionKind.STOCK_DIVIDEND, "XYZ", "2011-05-02",
            OptionMemo("XYZ", "XYZ1", strike_divisor=1.05, multiplier=105.0, deliverable=_delivers("105 XYZ")),
            new_shares=105.0, old_shares=100.0,
        ),
        "XYZ", 63.0, (200.0, 50.0), (("C", 65.0, 4.0, 1.05),),
        Becomes((("XYZ1", 61.9, 4.0, 105.0, ""),), (("XYZ", 210.0, 10_000.0),)),
        Exercise((("XYZ", 63.0),), 63.0, -6_499.5, (("XYZ", 105.0),)),
    ),
    Example(
        "Ordinary cash dividend",
        "Contracts are never adjusted, whatever the amount (announced since February 2009). Who holds the share gets "
        "the cash on the ex-date and who is short owes it; the holder of a call can have it only by exercising the "
        "evening before, which he does when the dividend exceeds the call's time value.",
        _action(ActionKind.CASH_DIVIDEND, "XYZ", "2024-02-09", cash_amount=0.24),
        "XYZ", 189.0, (100.0, 150.0), (("C", 190.0, -1.0, 2.2),),
        Becomes((("XYZ", 190.0, -1.0, 100.0, ""),), (("XYZ", 100.0, 15_000.0),), 24.0),
    ),
    Example(
        "Special cash dividend",
        "A dividend that is not ordinary comes off the strike if it is worth at least 12.50 a contract; below that "
        "nothing happens to contracts. The memo states the reduction.",
        _action(
            ActionKind.SPECIAL_DIVIDEND, "XYZ", "2012-12-05", OptionMemo("XYZ", "XYZ", strike_reduction=2.5),
            cash_amount=2.5,
        ),
        "XYZ", 52.5, (100.0, 40.0), (("C", 50.0, -1.0, 3.4), ("P", 47.5, 2.0, 0.7)),
        Becomes(
            (("XYZ", 47.5, -1.0, 100.0, ""), ("XYZ", 45.0, 2.0, 100.0, "")), (("XYZ", 100.0, 4_000.0),), 250.0
        ),
        Exercise((("XYZ", 50.0),), 50.0, -4_750.0, (("XYZ", 100.0),)),
    ),
    Example(
        "Capital-gain distribution",
        "What a fund distributes of its gains adjusts contracts like a special dividend, also when it comes every "
        "year.",
        _action(
            ActionKind.CAPITAL_GAIN, "FND", "2013-12-20", OptionMemo("FND", "FND", strike_reduction=0.43),
            cash_amount=0.43,
        ),
        "FND", 31.0, None, (("P", 30.0, -5.0, 0.6),),
        Becomes((("FND", 29.57, -5.0, 100.0, ""),)),
        Exercise((("FND", 29.0),), 29.0, 2_957.0, (("FND", -100.0),)),
    ),
    Example(
        "Spin-off",
        "Sears Holdings gave 0.300795 share of Lands' End for each of its own. A contract then delivered both, and "
        "2.36 in cash for the fraction. The cost of the shares is divided by value unless the issuer's statement "
        "(basis_kept) says otherwise; LE's value is that of the 2.36.",
        _action(
            ActionKind.SPIN_OFF, "SHLD", "2014-04-07",
            OptionMemo(
                "SHLD", "SHLD1", multiplier=100.0, deliverable=_delivers("100 SHLD + 30 LE + USD 2.36"), number="34494"
            ),
            new_shares=0.300795, old_shares=1.0, new_security="LE", security_value=29.6855, basis_kept=0.8,
        ),
        "SHLD", 45.0, (100.0, 50.0), (("C", 45.0, -1.0, 2.5),),
        # 30.0795 LE: 1,000 of the cost go over; the fraction is sold for 0.0795 x 29.6855 = 2.36
        Becomes(
            (("SHLD1", 45.0, -1.0, 100.0, "100 SHLD + 30 LE + USD 2.36"),),
            (("SHLD", 100.0, 4_000.0), ("LE", 30.0, 997.357004),),
            2.36,
        ),
        Exercise((("SHLD", 38.0), ("LE", 28.0)), 46.4236, -4_497.64, (("SHLD", 100.0), ("LE", 30.0))),
    ),
    Example(
        "Rights",
        "A right for each share; the adjusted contract of the spin-off above delivers a hundred of them too. Its root "
        "stays. When the rights expire another memo takes them out.",
        _action(
            ActionKind.RIGHTS, "SHLD", "2014-10-17",
            OptionMemo(
                "SHLD1", "SHLD1", multiplier=100.0, deliverable=_delivers("100 SHLD + 30 LE + USD 2.36 + 100 SHLDR"),
                number="35405",
            ),
            new_security="SHLDR", security_value=1.0, basis_kept=0.97,
        ),
        "SHLD1", 35.0, (100.0, 40.0), (("P", 45.0, 1.0, 3.0),),
        Becomes(
            (("SHLD1", 45.0, 1.0, 100.0, "100 SHLD + 30 LE + USD 2.36 + 100 SHLDR"),),
            (("SHLD", 100.0, 3_880.0), ("SHLDR", 100.0, 120.0)),
        ),
        Exercise(
            (("SHLD", 30.0), ("LE", 30.0), ("SHLDR", 1.0)), 40.0236, 4_497.64,
            (("SHLD", -100.0), ("LE", -30.0), ("SHLDR", -100.0)),
        ),
    ),
    Example(
        "Merger for shares",
        "1.72 shares of the acquirer for each: a contract delivers 172 of them for the old aggregate strike. The cost "
        "of shares held goes over whole.",
        _action(
            ActionKind.MERGER, "XYZ", "2015-07-01",
            OptionMemo("XYZ", "ABC1", multiplier=100.0, deliverable=_delivers("172 ABC")),
            new_shares=1.72, old_shares=1.0, new_security="ABC", security_value=30.0,
        ),
        "XYZ", 51.6, (100.0, 40.0), (("C", 50.0, -1.0, 2.6),),
        Becomes((("ABC1", 50.0, -1.0, 100.0, "172 ABC"),), (("ABC", 172.0, 4_000.0),)),
        Exercise((("ABC", 31.0),), 53.32, -5_000.0, (("ABC", 172.0),)),
    ),
    Example(
        "Merger for cash",
        "Shares are paid out; a contract delivers the cash, and since 2008 its expiry is brought forward, so that "
        "money does not wait for years.",
        _action(
            ActionKind.MERGER, "XYZ", "2016-04-04",
            OptionMemo("XYZ", "XYZ", deliverable=_delivers("USD 2500"), expires_on=dt.date(2016, 4, 15)),
            cash_amount=25.0,
        ),
        "XYZ", 25.0, (300.0, 18.0), (("C", 22.5, 2.0, 2.5),),
        Becomes((("XYZ", 22.5, 2.0, 100.0, "USD 2500"),), (), 7_500.0),
        Exercise((), 25.0, 250.0, ()),
    ),
    Example(
        "Merger for cash and shares, with an election",
        "Holders chose between cash and shares; who chose nothing got 10 in cash and half a share. Contracts follow "
        "that default, and so do shares held. The part of the cost that is paid out in cash is realized.",
        _action(
            ActionKind.MERGER, "XYZ", "2018-09-10",
            OptionMemo("XYZ", "ABC1", multiplier=100.0, deliverable=_delivers("50 ABC + USD 1000")),
            cash_amount=10.0, new_shares=1.0, old_shares=2.0, new_security="ABC", security_value=60.0,
        ),
        "XYZ", 40.0, (101.0, 30.0), (("P", 45.0, -1.0, 5.5),),
        # three quarters of the cost of 3,030 go over to 50.5 ABC, of which the half is sold for 30
        Becomes(
            (("ABC1", 45.0, -1.0, 100.0, "50 ABC + USD 1000"),), (("ABC", 50.0, 2_250.0),), 1_010.0 + 30.0
        ),
        Exercise((("ABC", 62.0),), 41.0, 3_500.0, (("ABC", -50.0),)),
    ),
    Example(
        "Change of symbol",
        "The same share under another name: nothing changes but the root, and the contract keeps its id.",
        _action(
            ActionKind.SYMBOL_CHANGE, "FB", "2022-06-09", OptionMemo("FB", "META"), new_security="META"
        ),
        "FB", 196.0, (100.0, 180.0), (("C", 200.0, -1.0, 7.1),),
        Becomes((("META", 200.0, -1.0, 100.0, ""),), (("FB", 100.0, 18_000.0),)),
        Exercise((("FB", 210.0),), 210.0, -20_000.0, (("FB", 100.0),)),
    ),
    Example(
        "Liquidation",
        "The share ends for what is left of it, and so does what a contract delivers.",
        _action(
            ActionKind.LIQUIDATION, "FND", "2019-03-15",
            OptionMemo("FND", "FND", deliverable=_delivers("USD 310"), expires_on=dt.date(2019, 3, 15)),
            cash_amount=3.1,
        ),
        "FND", 3.1, (500.0, 9.0), (("P", 5.0, 3.0, 1.9),),
        Becomes((("FND", 5.0, 3.0, 100.0, "USD 310"),), (), 1_550.0),
        Exercise((), 3.1, 190.0, ()),
    ),
    Example(
        "Adjustment of contracts alone",
        "A later memo without an event of the share: the cash in lieu of a fraction is fixed.",
        _action(
            ActionKind.CONTRACT_ADJUSTMENT, "USO", "2020-05-01",
            OptionMemo("USO1", "USO1", deliverable=_delivers("12 USO + USD 9.41 in lieu of 0.5 USO")),
        ),
        "USO1", 18.0, None, (("P", 3.0, -1.0, 0.8),),
        Becomes((("USO1", 3.0, -1.0, 100.0, "12 USO + USD 9.41 in lieu of 0.5 USO"),)),
        Exercise((("USO", 20.0),), 2.4941, 290.59, (("USO", -12.0),)),
    ),
)  # fmt: skip
