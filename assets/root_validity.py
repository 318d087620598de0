"""Rows of roots that were not traded on the day: before a root began, after it ended, after a delisting.

They are set aside before anything is judged, so that neither the checks nor the comparison with the next session see
them.
"""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from assets.quarantine import joined, quarantined_for
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.schemas import QUARANTINE_SCHEMA
from resources.universe import UniverseSpec

REASON = "root_not_valid"


def set_aside_invalid_roots(parsed: ParsedDay, universe: UniverseSpec) -> ParsedDay:
    """A parsed day with the rows of roots that were not valid on it among the rejected ones.

    A day on which every root is valid costs nothing and is returned as it is.
    """
    invalid = {u.symbol: roots for u in universe.underlyings if (roots := u.invalid_roots(parsed.trade_date))}
    if not invalid:
        return parsed
    underlyings = {
        symbol: _without(found, invalid[symbol]) if symbol in invalid else found
        for symbol, found in parsed.underlyings.items()
    }
    return replace(parsed, underlyings=underlyings)


def _without(found: ParsedUnderlying, roots: frozenset[str]) -> ParsedUnderlying:
    invalid = pc.is_in(found.quotes.column("root"), value_set=pa.array(sorted(roots)))
    bad = found.quotes.filter(invalid)
    if not bad.num_rows:
        return found
    rejected = joined(quarantined_for(bad, [REASON]), found.rejected.cast(QUARANTINE_SCHEMA))
    return replace(found, quotes=found.quotes.filter(pc.invert(invalid)), rejected=rejected)
