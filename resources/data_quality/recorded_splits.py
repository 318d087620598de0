"""What two sessions say about a split, against what the corporate actions say."""

import datetime as dt
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from engine.calendars.epoch import days_of_date
from engine.corporate_actions.events import SHARE_BASIS, ActionKind, CorporateAction
from engine.corporate_actions.listing_reconciliation import Listing
from engine.corporate_actions.split_detection import (
    SplitFinding,
    Verdict,
    agrees,
    detect_split,
    in_words,
    may_have_split,
)
from resources.data_quality.columns import MISSING_DAYS, codes, days, floats

_RIGHTS = ("C", "P")


def between(
    actions: Sequence[CorporateAction], underlying: str, since: dt.date, day: dt.date, known_until_us: int
) -> list[CorporateAction]:
    """The actions of an underlying effective after ``since``, up to ``day``, that were known by then: what is announced
    in the evening must not change the verdict on that day's close."""
    return [
        a
        for a in actions
        if a.underlying == underlying and since < a.effective_date <= day and a.known_at_us <= known_until_us
    ]


def split_ratio(actions: Sequence[CorporateAction]) -> float:
    """New shares per old one over the splits and stock dividends; 1 without any."""
    return math.prod(a.split_ratio for a in actions if a.kind in SHARE_BASIS)


def find_split(
    quotes: pa.Table, previous: pa.Table, spot: float, spot_before: float, day: dt.date, recorded_ratio: float
) -> SplitFinding:
    """What the last snapshots of two sessions say; on a quiet day the price alone, and no contract is looked at."""
    if not may_have_split(spot_before, spot, recorded_ratio):
        return SplitFinding(Verdict.NONE, 1.0, 1.0, spot_before / spot)
    return detect_split(
        _listing(previous), _listing(quotes), spot_before, spot, days_of_date(day), recorded_ratio
    )


def disagreement(
    found: SplitFinding, actions: Sequence[CorporateAction], underlying: str, day: dt.date
) -> str | None:
    """What was seen, what is on record and what to do; empty where they agree, None where nobody can tell.

    Parameters
    ----------
    actions
        Those effective between the two sessions.
    """
    others = [a for a in actions if a.kind not in SHARE_BASIS and a.kind is not ActionKind.CASH_DIVIDEND]
    verdict = agrees(found, split_ratio(actions), others)
    if verdict is None:
        return None
    if verdict:
        return ""
    mine = [a for a in actions if a.kind in SHARE_BASIS]
    recorded = ", ".join(f"{a.kind} of {in_words(a.split_ratio)} effective {a.effective_date}" for a in mine)
    if found.verdict is Verdict.SPLIT:
        way = (
            f"record the split of {underlying} effective {day} in the universe's corporate_actions"
            if not mine
            else "correct it in the universe's corporate_actions"
        )
    else:
        way = "take it out of the universe's corporate_actions, or give it its right date"
    return (
        f"the data show {found.describe()}; on record by then is {recorded or 'none'}; {way}, or release the session "
        "(optix quality release --reason session:recorded_splits --fix accept)"
    )


def _listing(quotes: pa.Table) -> Listing:
    """The contracts of a snapshot, without rows that name none."""
    root, roots = codes(quotes, "root")
    side, labels = codes(quotes, "right")
    right = np.array(
        [_RIGHTS.index(label) if label in _RIGHTS else -1 for label in labels] + [-1], dtype=np.int8
    )[side]
    expiry, strike = days(quotes, "expiry"), floats(quotes, "strike")
    good = (root >= 0) & (right >= 0) & (expiry != MISSING_DAYS) & (strike > 0) & np.isfinite(strike)
    listing = Listing(
        roots,
        root.astype(np.int32),
        np.where(good, expiry, 0).astype(np.int32),
        right,
        np.where(good, strike, 0.0),
        floats(quotes, "open_interest"),
    )
    return listing.rows(good)
