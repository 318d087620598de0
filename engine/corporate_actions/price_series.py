"""Past prices of a share on the basis of a later day: what a chart shows, and what returns are computed from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.calendars.epoch import days_of_date
from engine.corporate_actions.events import CASH_PAYMENTS, DISTRIBUTIONS, SHARE_BASIS, CorporateAction
from engine.market.underlying import UnderlyingHistory


class PriceAdjustmentError(ValueError):
    """An event whose effect on past prices cannot be computed from its record."""


@dataclass(frozen=True, slots=True)
class AdjustedPrices:
    """A back-adjusted series beside the raw one it was made of; every array of shape (sessions,).

    Attributes
    ----------
    raw
        The rows as traded, as far as they were known.
    factor
        What each raw price was multiplied with; 1 on the as-of day.
    """

    days: NDArray[np.int32]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    factor: NDArray[np.float64]
    raw: UnderlyingHistory


def back_adjusted(
    prices: UnderlyingHistory,
    actions: Sequence[CorporateAction],
    underlying: str,
    *,
    as_of_days: int,
    as_of_us: int,
    total_return: bool = False,
) -> AdjustedPrices:
    """Prices on the share basis of a day, from nothing that was not known at an instant.

    Rows and events known after ``as_of_us`` and events effective after ``as_of_days`` do not enter, so the series as of
    a day never changes when later ones are added.

    Each event multiplies the prices of the sessions before it: a split or stock dividend by old / new shares;
    with ``total_return`` cash and distributions too, by ``1 - amount / previous close`` (the factor of the Center
    for Research in Security Prices), where the amount of a distribution is its ratio times ``security_value``.

    Parameters
    ----------
    as_of_days
        The session on whose basis the result stands, days since 1970-01-01.
    as_of_us
        The instant whose knowledge is used, UTC microseconds.

    Raises
    ------
    PriceAdjustmentError
        A distribution without ``security_value``, or an amount that is not less than the previous close.
    """
    known = prices.known_at(as_of_us)
    kinds = SHARE_BASIS | CASH_PAYMENTS | DISTRIBUTIONS if total_return else SHARE_BASIS
    in_force = sorted(
        a
        for a in actions
        if a.underlying == underlying
        and a.kind in kinds
        and a.known_at_us <= as_of_us
        and days_of_date(a.effective_date) <= as_of_days
    )
    factor = np.ones(len(known.days), dtype=np.float64)
    #: of the ex-date's own share basis events so far: amounts of that date are on the new share
    basis_date, basis = None, 1.0
    for action in in_force:
        if action.effective_date != basis_date:
            basis_date, basis = action.effective_date, 1.0
        before = known.days < days_of_date(action.effective_date)
        if action.kind in SHARE_BASIS:
            factor[before] /= action.share_ratio
            basis /= action.share_ratio
        else:
            factor[before] *= _kept_after(action, known.close[before] * basis)
    return AdjustedPrices(
        days=known.days,
        open=known.open * factor,
        high=known.high * factor,
        low=known.low * factor,
        close=known.close * factor,
        factor=factor,
        raw=known,
    )


def _kept_after(action: CorporateAction, closes: NDArray[np.float64]) -> float:
    """Share of the previous close that is left after the event."""
    quoted = closes[~np.isnan(closes)]
    if not len(quoted):
        return 1.0
    amount = action.cash_amount
    if action.kind in DISTRIBUTIONS:
        if action.security_value is None:
            raise PriceAdjustmentError(
                f"{action}: what {action.new_security} was worth is not recorded; state security_value in the record "
                "of the event, or ask for prices without total_return"
            )
        amount = action.share_ratio * action.security_value
    if not amount < quoted[-1]:
        raise PriceAdjustmentError(
            f"{action}: it takes {amount:g} from a share that closed at {quoted[-1]:g}; check its amount and unit"
        )
    return float(1.0 - amount / quoted[-1])
