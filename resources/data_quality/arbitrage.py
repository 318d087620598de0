"""Quotes that contradict each other: what one could buy at the offers and sell at the bids for a sure profit.

Only executable violations count: whoever buys pays the ask and whoever sells gets the bid, so that a wide or
stale mid accuses nobody. Bounds and parity need the chain's own forward; butterflies and verticals need
nothing but the quotes (R. Merton, "Theory of rational option pricing", Bell Journal of Economics 4 (1973)).
"""

from dataclasses import dataclass

import numpy as np

from resources.data_quality.chain_shape import ChainShape
from resources.data_quality.columns import Bools, Floats, Ints

#: share of the underlying's price by which a forward, or a spot seen a moment apart, may be off
_FORWARD_TOLERANCE = 0.002
#: the same for two expiries of one strike, where the forward hardly enters
_CALENDAR_TOLERANCE = 1e-4
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Findings:
    """Rows of the table that a check objects to, and how many it looked at, by snapshot."""

    rows: Ints
    snapshot: Ints
    tested: Ints

    def share(self, snapshot: int) -> float | None:
        """Of those looked at; None where nothing could be."""
        if not self.tested[snapshot]:
            return None
        return float((self.snapshot == snapshot).sum() / self.tested[snapshot])


def findings(shape: ChainShape, at: Ints, bad: Bools, tested: Bools) -> Findings:
    """Findings among the rows at positions ``at``: which were tested, and which of them are bad."""
    snapshots = int(shape.snapshot[-1]) + 1
    counted = np.bincount(shape.snapshot[at[tested]], minlength=snapshots)
    hit = at[bad & tested]
    return Findings(shape.row[hit], shape.snapshot[hit], counted)


def butterfly_violations(shape: ChainShape) -> Findings:
    """Strikes whose bid is above what the strikes around it cost: butterflies and verticals for a credit."""
    n = len(shape.row)
    at = np.arange(n)
    bad, tested = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    if n < 2:
        return findings(shape, at, bad, tested)
    low, high = slice(0, -1), slice(1, None)
    adjacent = shape.same(low, high)
    puts = shape.put_right[low]
    # the cheaper strike of two neighbours is the higher of calls and the lower of puts
    dear_ask = np.where(puts, shape.ask[high], shape.ask[low])
    cheap_bid = np.where(puts, shape.bid[low], shape.bid[high])
    dear_bid = np.where(puts, shape.bid[high], shape.bid[low])
    cheap_ask = np.where(puts, shape.ask[low], shape.ask[high])
    width = (shape.strike[high] - shape.strike[low]) / shape.unit[high]
    with np.errstate(invalid="ignore"):
        inverted = cheap_bid > dear_ask + _ROUNDING
        # a coin's width is known only to what its forward is
        steep = dear_bid - cheap_ask > width * (1.0 + (_FORWARD_TOLERANCE if shape.coin else 0.0)) + _ROUNDING
    known = adjacent & (
        (~np.isnan(cheap_bid) & ~np.isnan(dear_ask)) | (~np.isnan(dear_bid) & ~np.isnan(cheap_ask))
    )
    upper = np.where(puts, at[low], at[high])
    lower = np.where(puts, at[high], at[low])
    bad[upper[adjacent & inverted]] = True
    bad[lower[adjacent & steep]] = True
    tested[at[low][known]] = tested[at[high][known]] = True
    if n >= 3:
        left, body, right = slice(0, -2), slice(1, -1), slice(2, None)
        ladder = shape.same(left, body) & shape.same(body, right)
        span = np.where(ladder, shape.strike[right] - shape.strike[left], 1.0)
        weight = (shape.strike[right] - shape.strike[body]) / np.where(span > 0, span, 1.0)
        with np.errstate(invalid="ignore"):
            cost = weight * shape.ask[left] + (1.0 - weight) * shape.ask[right]
            bad[at[body][ladder & (span > 0) & (shape.bid[body] > cost + _ROUNDING)]] = True
    return findings(shape, at, bad, tested)


def calendar_violations(shape: ChainShape) -> Findings:
    """Later expiries offered below the bid of an earlier one at the same strike.

    Americans: any. Europeans: out of the money, and only where the forwards cannot explain it (calls when the
    later forward is not lower, puts when it is not higher).
    """
    order = np.lexsort((shape.expiry, shape.strike, shape.put_right, shape.root, shape.snapshot))
    early, late = order[:-1], order[1:]
    if not len(early):
        return findings(shape, late, np.zeros(0, np.bool_), np.zeros(0, np.bool_))
    alike = (
        (shape.snapshot[early] == shape.snapshot[late])
        & (shape.root[early] == shape.root[late])
        & (shape.put_right[early] == shape.put_right[late])
        & (shape.strike[early] == shape.strike[late])
        & (shape.expiry[early] < shape.expiry[late])
    )
    f_early, f_late = shape.forward[early], shape.forward[late]
    worth = shape.unit if not shape.coin else np.where(np.isnan(shape.forward), shape.unit, shape.forward)
    with np.errstate(invalid="ignore"):
        puts = shape.put_right[early]
        out = np.where(puts, shape.strike[early] <= f_early, shape.strike[early] >= f_early)
        explained = np.where(puts, f_late > f_early, f_late < f_early)
        fair = shape.american[early] | (out & ~explained & ~np.isnan(f_early) & ~np.isnan(f_late))
        offer, bid = shape.ask[late] * worth[late], shape.bid[early] * worth[early]
        bad = offer < bid - _CALENDAR_TOLERANCE * shape.spot[late]
    tested = alike & fair & ~np.isnan(shape.ask[late]) & ~np.isnan(shape.bid[early])
    return findings(shape, late, bad, tested)


def parity_violations(shape: ChainShape) -> Findings:
    """Strikes whose call and put together imply a forward that the rest of their expiry rules out."""
    call, put = shape.call, shape.put
    strike, forward, discount = shape.strike[call], shape.forward[call], shape.discount[call]
    sells = shape.bid[call] - shape.ask[put]
    buys = shape.ask[call] - shape.bid[put]
    with np.errstate(invalid="ignore"):
        if shape.coin:
            low = high = 1.0 - strike / forward
            tolerance = np.full(len(call), _FORWARD_TOLERANCE)
        else:
            # European: D (F - K). American: from S - PV(dividends) - K to S - D K, for early exercise
            american, least = shape.american[call], 1.0 - shape.highest_discounting[call]
            low_spot, high_spot = _spot_range(shape, call)
            low = np.where(american, low_spot * least - strike, discount * (forward - strike))
            high = np.where(american, high_spot - strike * least, discount * (forward - strike))
            tolerance = _FORWARD_TOLERANCE * forward + shape.slack[call] * np.abs(forward - strike)
        bad = (sells > high + tolerance) | (buys < low - tolerance)
    tested = ~np.isnan(forward) & ~np.isnan(sells) & ~np.isnan(buys)
    return findings(shape, call, bad, tested)


def below_intrinsic(shape: ChainShape) -> Findings:
    """Quotes offered for less than exercise is worth: Americans now, Europeans by their expiry's forward."""
    with np.errstate(invalid="ignore"):
        if shape.coin:
            tolerance = np.full(len(shape.row), _FORWARD_TOLERANCE)
            call_worth = put_worth = 1.0 - shape.strike / shape.forward
        else:
            low_spot, high_spot = _spot_range(shape, np.arange(len(shape.row)))
            european = shape.discount * (shape.forward - shape.strike)
            call_worth = np.where(shape.american, low_spot - shape.strike, european)
            put_worth = np.where(shape.american, high_spot - shape.strike, european)
            far = np.where(shape.american, 0.0, shape.slack * np.abs(shape.forward - shape.strike))
            tolerance = _FORWARD_TOLERANCE * shape.forward + far
        worth: Floats = np.where(shape.put_right, -put_worth, call_worth)
        bad = shape.ask < worth - tolerance
    tested = ~np.isnan(worth) & ~np.isnan(shape.ask)
    return findings(shape, np.arange(len(shape.row)), bad, tested)


def _spot_range(shape: ChainShape, at: Ints) -> tuple[Floats, Floats]:
    """The lowest and highest price that the underlying had when the quotes were taken: a spot may be of another
    moment, and the forward, without what carrying it costs, tells of their own."""
    carried = shape.forward[at] * (1.0 - shape.highest_discounting[at])
    spot = shape.spot[at]
    return np.fmin(spot, carried), np.fmax(spot, shape.forward[at])
