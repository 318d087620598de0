"""A session against the one before: spot, the strikes after a split, and single contracts' volatilities."""

import math

import numpy as np
import pyarrow as pa

from engine.corporate_actions.contract_adjustment import adjust_strike
from resources.data_quality.arbitrage import Findings, findings
from resources.data_quality.chain_shape import ChainShape
from resources.data_quality.columns import floats
from resources.data_quality.contract_keys import contract_codes, shared_rows

#: a contract's volatility jumped where its whole bid-ask range lies beyond this ratio to the day before's,
#: after what all contracts moved
_JUMP_RATIO = 1.5
_MIN_COMMON = 20


def spot_jump(now: float, before: float, ratio: float) -> float | None:
    """Absolute log change of spot, known splits taken out; None where a price is missing."""
    if not (now > 0 and before > 0):
        return None
    return abs(math.log(now * ratio / before))


def double_listing(quotes: pa.Table, previous: pa.Table, ratio: float) -> float | None:
    """After a split, how much of the session before is listed under old strikes and under new ones too.

    The lower of the two shares: a chain that moved to its new strikes has few of the old ones, a chain that did
    not move has none of the new.
    """
    if ratio == 1.0 or not previous.num_rows or not quotes.num_rows:
        return None
    field = previous.schema.get_field_index("strike")
    adjusted = pa.array(adjust_strike(floats(previous, "strike"), ratio))
    moved = previous.set_column(field, "strike", adjusted)
    listed = quotes.set_column(
        quotes.schema.get_field_index("strike"), "strike", pa.array(np.round(floats(quotes, "strike"), 2))
    )
    here, old, new = contract_codes([listed, previous, moved])
    return min(float(np.isin(old, here).mean()), float(np.isin(new, here).mean()))


def volatility_jumps(
    shape: ChainShape, quotes: pa.Table, before: ChainShape, previous: pa.Table
) -> Findings | None:
    """Quotes out of the money whose volatility left the day before's behind, beyond what the chain moved."""
    here, there = contract_codes([quotes, previous])
    smile, old_smile = shape.smile, before.smile
    kept, old_kept = shared_rows(here[shape.row[smile.rows]], there[before.row[old_smile.rows]])
    if len(kept) < _MIN_COMMON:
        return None
    rows, old = smile.rows[kept], old_smile.mid[old_kept]
    low, mid, high = smile.low[kept], smile.mid[kept], smile.high[kept]
    moved = mid / old
    usable = np.isfinite(moved)
    if usable.sum() < _MIN_COMMON:
        return None
    expected = old * float(np.median(moved[usable]))
    with np.errstate(invalid="ignore"):
        bad = (low > _JUMP_RATIO * expected) | (high < expected / _JUMP_RATIO)
    return findings(shape, rows, bad, ~np.isnan(expected) & ~np.isnan(high))


def spot_of(quotes: pa.Table) -> float:
    """The median of the known spots; NaN where none is."""
    spot = floats(quotes, "spot")
    known = spot[spot > 0]
    return float(np.median(known)) if len(known) else math.nan
