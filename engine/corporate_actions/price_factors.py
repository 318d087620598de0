"""Factors that express an underlying's past prices on the basis of a later day."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.calendars.epoch import date_of_days, days_of_date
from engine.corporate_actions.events import SHARE_BASIS, CorporateAction


def price_factor_as_of(
    actions: Sequence[CorporateAction], underlying: str, days: ArrayLike, as_of_days: int
) -> NDArray[np.float64]:
    """What a price of each day is multiplied with to stand on the share basis of ``as_of_days``.

    The product of old/new shares over the splits and stock dividends with ``day < effective_date <= as_of``: 1/7
    for an AAPL price of 2014-06-06 as of 2014-06-09. Reverse splits give factors above 1. Splits after ``as_of_days``
    never enter, so a factor cannot leak a split that is still to come. Cash dividends do not change the
    share basis and do not enter either; the ledger pays them in cash.

    Parameters
    ----------
    days : int32[n]
        Days since 1970-01-01 on which the prices were quoted, none after ``as_of_days``.
    as_of_days : int
        The day on whose basis the result stands.

    Returns
    -------
    float64[n]

    Raises
    ------
    ValueError
        A day lies after ``as_of_days``, or a split has shares that are not positive.
    """
    numbers = np.asarray(days, dtype=np.int32)
    if numbers.size and int(numbers.max()) > as_of_days:
        raise ValueError(
            f"{underlying}: a price of {date_of_days(int(numbers.max()))} cannot be known as of "
            f"{date_of_days(as_of_days)}; ask as of that day or later"
        )
    splits = sorted(a for a in actions if a.underlying == underlying and a.kind in SHARE_BASIS)
    factors = np.ones(numbers.shape, dtype=np.float64)
    for split in splits:
        if not (split.new_shares > 0 and split.old_shares > 0):
            raise ValueError(
                f"{underlying} split of {split.effective_date}: {split.new_shares:g} for "
                f"{split.old_shares:g}; both must be positive"
            )
        effective = days_of_date(split.effective_date)
        if effective <= as_of_days:
            factors[numbers < effective] *= split.old_shares / split.new_shares
    return factors
