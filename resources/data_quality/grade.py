"""How far each quote can be trusted (``QuoteGrade``)."""

import numpy as np
import numpy.typing as npt

from engine.instruments.terms import QuoteGrade
from resources.data_quality.columns import Bools, Floats
from resources.universe import QualitySpec


def is_wide(bid: Floats, ask: Floats, spec: QualitySpec) -> Bools:
    """Where a two-sided quote's spread, relative to its mid, exceeds ``spec.wide_relative_spread``.

    Compared as ``ask - bid > limit * mid``, so that a mid of 0 divides nothing; NaN sides are not wide.
    """
    wide: Bools = (ask - bid) > spec.wide_relative_spread * 0.5 * (ask + bid)
    return wide


def grade_quotes(
    bid: Floats, ask: Floats, quote_age_seconds: Floats, spec: QualitySpec
) -> npt.NDArray[np.int8]:
    """Grade quotes; the first of crossed, locked, no_quote, one_sided, stale, wide, firm that applies.

    Parameters
    ----------
    bid, ask
        float64[n] per unit of underlying; NaN is a missing side.
    quote_age_seconds
        float64[n], the snapshot's time minus the quote's own time; NaN where the source gives none, and then
        a quote cannot be called stale.
    spec
        ``wide_relative_spread`` (fraction of mid) and ``stale_after_minutes``.

    Returns
    -------
    int8[n] of ``QuoteGrade``.

    Raises
    ------
    ValueError
        If the arrays differ in length.
    """
    if not len(bid) == len(ask) == len(quote_age_seconds):
        raise ValueError(
            f"bid, ask and quote_age_seconds must have one length, not {len(bid)}, {len(ask)}, "
            f"{len(quote_age_seconds)}"
        )
    no_bid, no_ask = np.isnan(bid), np.isnan(ask)
    grades = np.select(
        [
            bid > ask,
            bid == ask,
            no_bid & no_ask,
            no_bid | no_ask,
            quote_age_seconds > spec.stale_after_minutes * 60.0,
            is_wide(bid, ask, spec),
        ],
        [
            QuoteGrade.CROSSED,
            QuoteGrade.LOCKED,
            QuoteGrade.NO_QUOTE,
            QuoteGrade.ONE_SIDED,
            QuoteGrade.STALE,
            QuoteGrade.WIDE,
        ],
        default=QuoteGrade.FIRM,
    )
    return grades.astype(np.int8)
