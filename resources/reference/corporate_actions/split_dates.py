"""On which session a split took effect, where a source gives now the ex-date, now the evening before it.

The date may be the ex-date or the session before it. Three things can tell: the calendar (a day without a
session can only be the evening before), a text that states when trading on the new basis began, and prices
(the jump of a split is far outside an ordinary day). They must not contradict each other, and where none of
them speaks the date stays uncertain: it is never shifted on a guess.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.calendars import TradingCalendar, days_of_date
from resources.reference.corporate_actions.format import Closes

DATE_UNCERTAIN = "date_uncertain"
DATE_CONFLICT = "date_conflict"
#: of the logarithm of the ratio: what a candidate's move may miss the jump by, and what the other one's must
_NEAR, _FAR = 0.3, 0.7
#: logarithm of the smallest ratio (6 for 5) whose jump no ordinary day is taken for
_SMALLEST_JUMP = 0.18


@dataclass(frozen=True)
class SplitDate:
    """The ex-date with what settled it (``calendar``, ``note``, ``price``), or why there is none."""

    ex_date: dt.date | None
    basis: str
    reason: str | None = None


def split_date(
    given: dt.date,
    ratio: float,
    stated: Sequence[dt.date],
    calendar: TradingCalendar,
    closes: Closes | None = None,
) -> SplitDate:
    """The first session on which the underlying traded on the new basis.

    Parameters
    ----------
    given
        The source's date: the ex-date, or the day in whose evening the split took effect.
    ratio
        New shares per old share.
    stated
        Days on which, by the source's own text, trading on the new basis began.
    closes
        Unadjusted closes around the date, where there are any.
    """
    following = calendar.next(given)
    candidates = [given, following] if calendar.is_session(given) else [following]
    evidence: dict[str, dt.date] = {}
    if len(candidates) == 1:
        evidence["calendar"] = following
    jumped = None if closes is None else price_jump(candidates, ratio, calendar, closes)
    if jumped is not None:
        evidence["price"] = jumped
    if len(stated) > 1 or (stated and stated[0] not in candidates):
        return SplitDate(None, "", DATE_CONFLICT)
    if stated:
        evidence["note"] = stated[0]
    found = set(evidence.values())
    if len(found) > 1:
        return SplitDate(None, "", DATE_CONFLICT)
    if not found:
        return SplitDate(None, "", DATE_UNCERTAIN)
    return SplitDate(found.pop(), "+".join(sorted(evidence)))


def price_jump(
    candidates: Sequence[dt.date], ratio: float, calendar: TradingCalendar, closes: Closes
) -> dt.date | None:
    """The candidate on which the close moved by the split and on no other; None where prices do not tell.

    They do not where one is missing, where the ratio is too close to 1 for its jump to stand out, or where the
    prices were adjusted afterwards and have no jump.
    """
    jump = abs(math.log(ratio))
    if jump < _SMALLEST_JUMP:
        return None
    missed = [_missed(day, ratio, calendar, closes) for day in candidates]
    near = [day for day, miss in zip(candidates, missed, strict=True) if miss < _NEAR * jump]
    far = [miss for miss in missed if miss > _FAR * jump]
    return near[0] if len(near) == 1 and len(far) == len(candidates) - 1 else None


def _missed(day: dt.date, ratio: float, calendar: TradingCalendar, closes: Closes) -> float:
    """How far the move into a session is from that of the split, in logarithms; NaN without both closes."""
    before, after = (_close(closes, d) for d in (calendar.previous(day), day))
    return abs(math.log(after / before) + math.log(ratio)) if before and after else math.nan


def _close(closes: Closes, day: dt.date) -> float | None:
    place = int(np.searchsorted(closes.days, days_of_date(day)))
    if place == len(closes.days) or int(closes.days[place]) != days_of_date(day):
        return None
    price = float(closes.prices[place])
    return price if math.isfinite(price) and price > 0 else None
