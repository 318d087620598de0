"""Fair variance from a strip of options, and the index that the CBOE makes of two of them.

K. Demeterfi, E. Derman, M. Kamal and J. Zou, "More than you ever wanted to know about volatility swaps", Goldman Sachs
Quantitative Strategies (1999); Cboe, "Volatility Index methodology" (the VIX white paper).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.pricing.arguments import Floats, as_rows, finite, positive, refuse_unless

MINUTES_PER_YEAR = 525_600
MINUTES_OF_30_DAYS = 43_200
_ZERO_BIDS_THAT_END = 2
_LEAST_OPTIONS = 2


class TermStatus(IntEnum):
    """Why a term has a variance, or has none."""

    OK = 0
    #: no strike at or below the forward has a call and a put quote
    NO_STRIKE_AT_THE_MONEY = 1
    #: fewer than two options outside the money with a bid on one side or the other
    TOO_FEW_OPTIONS = 2
    #: at or past settlement
    NO_TIME = 3

    @property
    def label(self) -> str:
        """As stored: ``too_few_options``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class VarianceTerm:
    """The variance of one expiry.

    Attributes
    ----------
    variance : float
        Per year; NaN unless the status is OK.
    forward : float
        From the strike where call and put mids are nearest.
    k0 : float
        The greatest strike that is not above the forward.
    options : int
        How many entered.
    minutes : float
        To settlement.
    status : TermStatus
    """

    variance: float
    forward: float
    k0: float
    options: int
    minutes: float
    status: TermStatus


def fair_variance(
    forward: float, year_fraction: float, strike: ArrayLike, undiscounted_price: ArrayLike, right: ArrayLike
) -> float:
    """Fair variance per year by piecewise linear replication of the log contract.

    A portfolio of puts below and calls above the highest strike not above the forward pays the log contract at each
    strike (their appendix A); beyond the last strike on each side the payoff goes on as it would at one more strike.

    Parameters
    ----------
    forward : float
        Positive and finite.
    year_fraction : float
        Positive and finite.
    strike, undiscounted_price : float64[n]
        Of puts and calls, in any order; a put and a call at the central strike. Strikes are positive, prices not
        negative, all finite.
    right : int8[n]
        0 call, 1 put.

    Raises
    ------
    ValueError
        For arguments that are no numbers, rows of different lengths, values outside their domain (all named), an option
        of the strip given twice, or fewer than two puts or two calls.
    """
    forward, year_fraction = positive("forward", forward), positive("year_fraction", year_fraction)
    rights, (k, price) = as_rows(right, strike=strike, undiscounted_price=undiscounted_price)
    is_put = rights == 1
    refuse_unless((k > 0) & (k < np.inf), "strike", k, "positive and finite")
    refuse_unless((price >= 0) & (price < np.inf), "undiscounted_price", price, "finite and not negative")
    centre = k[is_put & (k <= forward)].max(initial=0.0)
    put = np.flatnonzero(is_put & (k <= centre))
    call = np.flatnonzero(~is_put & (k >= centre))
    put, call = put[np.argsort(-k[put])], call[np.argsort(k[call])]
    twice = any(np.any(np.diff(k[side]) == 0) for side in (put, call))
    if put.size < 2 or call.size < 2 or k[call[0]] != centre or twice:
        raise ValueError(
            "replication needs two puts at and below, and two calls at and above, the highest strike not above the "
            f"forward {forward}, each strike once; got {put.size} puts and {call.size} calls"
        )
    cost = sum(float(_weights(k[side], centre) @ price[side]) for side in (put, call))
    return float(2.0 / year_fraction * (np.log(forward / centre) - (forward / centre - 1.0) + cost))


def _weights(strike: Floats, centre: float) -> Floats:
    """How many of each option, outwards from the centre, follow ``(S - centre) / centre - ln(S / centre)``."""
    outer = np.append(strike, 2.0 * strike[-1] - strike[-2])
    if not outer[-1] > 0:
        outer[-1] = 0.5 * strike[-1]
    payoff = (outer - centre) / centre - np.log(outer / centre)
    slope = np.abs(np.diff(payoff) / np.diff(outer))
    return np.diff(slope, prepend=0.0)


def variance_term(
    strike: ArrayLike, right: ArrayLike, bid: ArrayLike, ask: ArrayLike, *, discount: float, minutes: float
) -> VarianceTerm:
    """Variance of one expiry as the CBOE's methodology has it.

    The forward comes from the strike where call and put mids differ least; options outside the money enter outwards
    from ``k0``, those without a bid are skipped, and after two strikes in a row without one the rest is left out; at
    ``k0`` the mean of put and call enters. A quote whose bid is above its ask, or one of whose sides is infinite, is no
    statement about price or liquidity: its option is left out as if it were not listed, and ends no strip.

    Parameters
    ----------
    strike, bid, ask : float64[n]
        Per unit of underlying; strikes positive and finite; a missing or non-positive bid is none, and so is one
        without an ask.
    right : int8[n]
        0 call, 1 put.
    discount : float
        Discount factor to settlement, positive and finite.
    minutes : float
        From the quotes to settlement, finite.

    Raises
    ------
    ValueError
        For arguments that are no numbers, rows of different lengths, values outside their domain (all named), or a
        strike twice.
    """
    rights, (k, b, a) = as_rows(right, strike=strike, bid=bid, ask=ask)
    is_put = rights == 1
    refuse_unless((k > 0) & (k < np.inf), "strike", k, "positive and finite")
    discount, minutes = positive("discount", discount), finite("minutes", minutes)
    if not minutes > 0:
        return VarianceTerm(np.nan, np.nan, np.nan, 0, minutes, TermStatus.NO_TIME)
    years = minutes / MINUTES_PER_YEAR
    listed = ~((a > 0) & (b > a) | np.isinf(a) | np.isinf(b))
    # what has a bid and no ask has no price
    b = np.where(listed & (b > 0) & (a > 0), b, 0.0)
    mid = np.where(listed & (a > 0), 0.5 * (b + a), np.nan)
    sides = {}
    for name, rows in (("put", np.flatnonzero(is_put)), ("call", np.flatnonzero(~is_put))):
        rows = rows[np.argsort(k[rows], kind="stable")]
        if np.any(np.diff(k[rows]) == 0):
            raise ValueError(f"two {name}s have one strike; give one root and expiry at a time")
        sides[name] = rows[listed[rows]]
    put, call = sides["put"], sides["call"]
    common, of_put, of_call = np.intersect1d(k[put], k[call], return_indices=True)
    of_put, of_call = put[of_put], call[of_call]
    quoted = (b[of_put] > 0) & (b[of_call] > 0) & np.isfinite(mid[of_put]) & np.isfinite(mid[of_call])
    difference = np.where(quoted, np.abs(mid[of_call] - mid[of_put]), np.inf)
    if not quoted.any():
        return VarianceTerm(np.nan, np.nan, np.nan, 0, minutes, TermStatus.NO_STRIKE_AT_THE_MONEY)
    nearest = int(np.argmin(difference))
    forward = float(common[nearest] + (mid[of_call[nearest]] - mid[of_put[nearest]]) / discount)
    at_or_below = common[(common <= forward) & np.isfinite(mid[of_put]) & np.isfinite(mid[of_call])]
    if not at_or_below.size:
        return VarianceTerm(np.nan, forward, np.nan, 0, minutes, TermStatus.NO_STRIKE_AT_THE_MONEY)
    k0 = float(at_or_below[-1])
    puts = _outwards(put[k[put] < k0][::-1], b)[::-1]
    calls = _outwards(call[k[call] > k0], b)
    if puts.size + calls.size < _LEAST_OPTIONS:
        return VarianceTerm(
            np.nan, forward, k0, int(puts.size + calls.size), minutes, TermStatus.TOO_FEW_OPTIONS
        )
    centre = int(np.searchsorted(common, k0))
    strikes = np.concatenate([k[puts], [k0], k[calls]])
    quotes = np.concatenate([mid[puts], [0.5 * (mid[of_put[centre]] + mid[of_call[centre]])], mid[calls]])
    width = np.gradient(strikes, edge_order=1) if strikes.size > 1 else np.zeros(1)
    width[1:-1] = 0.5 * (strikes[2:] - strikes[:-2])
    strip = float(np.sum(width / strikes**2 * quotes)) / discount
    variance = 2.0 / years * strip - (forward / k0 - 1.0) ** 2 / years
    return VarianceTerm(variance, forward, k0, strikes.size, minutes, TermStatus.OK)


def _outwards(rows: NDArray[np.intp], bid: Floats) -> NDArray[np.intp]:
    """Options with a bid, from the money outwards, until two in a row have none."""
    empty = bid[rows] <= 0
    twice = np.flatnonzero(empty[:-1] & empty[1:]) if rows.size > 1 else np.empty(0, dtype=np.intp)
    end = int(twice[0]) if twice.size else rows.size
    return rows[:end][~empty[:end]]


def volatility_index(
    near: VarianceTerm, following: VarianceTerm, *, minutes: float = MINUTES_OF_30_DAYS
) -> float:
    """The index in percent: both terms' total variance, linear in minutes, at a constant time to settlement.

    NaN where a term has no variance.

    Parameters
    ----------
    minutes : float
        The constant time, positive and finite; 30 days for the VIX, 9 for the VIX9D.

    Raises
    ------
    ValueError
        Unless ``following`` settles after ``near``, and for other minutes.
    """
    minutes = positive("minutes", minutes)
    if not following.minutes > near.minutes:
        raise ValueError(
            f"the second term settles {following.minutes} minutes from now, the first {near.minutes}"
        )
    share = (following.minutes - minutes) / (following.minutes - near.minutes)
    total = near.minutes * near.variance * share + following.minutes * following.variance * (1.0 - share)
    return float(100.0 * np.sqrt(total / minutes)) if total > 0 else float("nan")
