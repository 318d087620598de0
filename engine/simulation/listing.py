"""Which strikes are listed when: grids by price level that grow with the spot and keep what was listed."""

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.corporate_actions.contract_adjustment import adjust_strike
from engine.simulation.bridge import FloatArray
from engine.simulation.expiries import ExpiryCycle, ListedExpiry

IntArray = NDArray[np.int64]
_EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class StrikeTier:
    """A grid of strikes around the spot.

    Attributes
    ----------
    step_fraction
        Wanted distance of strikes as a share of the spot; the listed step is the nearest round number.
    below, above
        How far the grid reaches from the spot, as shares of it.
    opens_days_before
        The tier opens this many days before expiry.
    """

    step_fraction: float
    below: float
    above: float
    opens_days_before: int


@dataclass(frozen=True, slots=True)
class SplitEvent:
    """An n-for-1 split that takes effect at a session (an index into the sessions)."""

    session: int
    ratio: float


@dataclass(frozen=True, slots=True)
class ContractTable:
    """Every pair of call and put that is ever listed, one row each, sorted by root, expiry and strike.

    ``strike`` is as listed on ``first_session``; `strike_on` gives it as listed on another day. Sessions are
    indices; ``last_session`` is the last with a quote.
    """

    root_code: IntArray
    expiry_days: IntArray
    strike: FloatArray
    first_session: IntArray
    last_session: IntArray
    split: SplitEvent | None

    def strike_on(self, rows: IntArray, session: int) -> FloatArray:
        """Strikes as listed on a session.

        A whole n-for-1 split divides the strikes of what is listed by n, to the cent (half a cent up), and gives n
        contracts for one; the multiplier stays (OCC By-Laws, Article VI, section 11A(d)).
        """
        strike: FloatArray = self.strike[rows]
        if self.split is None or session < self.split.session:
            return strike
        adjusted = adjust_strike(strike, self.split.ratio)
        return np.where(self.first_session[rows] < self.split.session, adjusted, strike)

    def contracts_per_original(self, rows: IntArray, session: int) -> FloatArray:
        """Contracts that one contract as first listed has become: open interest grows by it."""
        if self.split is None or session < self.split.session:
            return np.ones(len(rows))
        return np.where(self.first_session[rows] < self.split.session, self.split.ratio, 1.0)

    def listed_on(self, session: int) -> IntArray:
        """Rows listed on a session, ordered by root, expiry and strike as listed that day."""
        rows = np.flatnonzero((self.first_session <= session) & (session <= self.last_session))
        if self.split is None or session < self.split.session:
            return rows
        order = np.lexsort((self.strike_on(rows, session), self.expiry_days[rows], self.root_code[rows]))
        ordered: IntArray = rows[order]
        return ordered


def round_step(wanted: float) -> float:
    """The round number 1, 2.5 or 5 times a power of ten that is nearest to ``wanted`` by ratio."""
    if wanted <= 0.0:
        raise ValueError(f"a strike step must be positive; got {wanted}")
    scale = 10.0 ** np.floor(np.log10(wanted))
    steps = np.array([1.0, 2.5, 5.0, 10.0]) * scale
    return float(steps[np.argmin(np.abs(np.log(steps / wanted)))])


def tier_strikes(tier: StrikeTier, spot: FloatArray) -> tuple[FloatArray, IntArray]:
    """Strikes of one tier, and the session (an index into ``spot``) from which each is listed.

    The step is fixed when the tier opens; the band follows the spot and never shrinks.
    """
    step = round_step(tier.step_fraction * float(spot[0]))
    low = np.minimum.accumulate(np.ceil(spot * (1.0 - tier.below) / step))
    high = np.maximum.accumulate(np.floor(spot * (1.0 + tier.above) / step))
    multiples = np.arange(max(low[-1], 1.0), high[-1] + 1.0)
    first = np.maximum(np.searchsorted(-low, -multiples), np.searchsorted(high, multiples))
    return np.round(multiples * step, 6), first


def build_contracts(
    expiries: Sequence[ListedExpiry],
    tiers: Mapping[ExpiryCycle, Sequence[StrikeTier]],
    roots: Sequence[str],
    sessions: Sequence[dt.date],
    spot: FloatArray,
    split: SplitEvent | None = None,
) -> ContractTable:
    """List contracts along a path.

    Parameters
    ----------
    sessions, spot
        The simulated sessions and the spot at each, on the share basis of that day.
    split
        From its session on, new strikes are chosen on the new basis, except where an adjusted one stands.
    """
    eras = [(0, len(sessions))]
    if split is not None:
        eras = [(0, split.session), (split.session, len(sessions))]
    parts: list[tuple[int, int, float, int, int]] = []
    for listed in expiries:
        first = bisect_left(sessions, listed.first_session)
        last = bisect_left(sessions, listed.last_session)
        if first >= len(sessions) or last < first:
            continue
        strikes: dict[int, tuple[float, int]] = {}
        for start, stop in eras:
            if start > 0 and split is not None:
                # what was listed before is now known by its adjusted strike
                strikes = {
                    round(float(adjust_strike(k, split.ratio)) * 1000): (k, since)
                    for k, since in strikes.values()
                }
            for tier in tiers[listed.cycle]:
                opens = bisect_left(sessions, listed.expiry - dt.timedelta(days=tier.opens_days_before))
                begin = max(first, opens, start)
                end = min(last + 1, stop)
                if begin >= end:
                    continue
                for strike, since in zip(*tier_strikes(tier, spot[begin:end]), strict=True):
                    key = round(float(strike) * 1000)
                    known = strikes.get(key)
                    if known is None or (known[1] >= start and begin + int(since) < known[1]):
                        strikes[key] = (float(strike), begin + int(since))
        code = roots.index(listed.root)
        days = (listed.expiry - _EPOCH).days
        parts.extend((code, days, strike, since, last) for strike, since in strikes.values())
    parts.sort()
    columns = list(zip(*parts, strict=True))
    return ContractTable(
        root_code=np.array(columns[0], dtype=np.int64),
        expiry_days=np.array(columns[1], dtype=np.int64),
        strike=np.array(columns[2]),
        first_session=np.array(columns[3], dtype=np.int64),
        last_session=np.array(columns[4], dtype=np.int64),
        split=split,
    )
