"""What is wrong with the generated files, on purpose and on record."""

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from engine.simulation.chain import SimulatedChain

#: quotes spoiled on a day with crossed, one-sided or duplicate ones
SPOILED_QUOTES = 12


class DefectKind(StrEnum):
    """``MISSING_DAY``: no file. ``REPEATED_DAY``: the file holds the session before. ``TRUNCATED_FILE``: the
    gzip stream ends early. The others spoil single quotes."""

    MISSING_DAY = "missing_day"
    REPEATED_DAY = "repeated_day"
    TRUNCATED_FILE = "truncated_file"
    CROSSED_QUOTES = "crossed_quotes"
    ONE_SIDED_QUOTES = "one_sided_quotes"
    DUPLICATE_ROWS = "duplicate_rows"


@dataclass(frozen=True, slots=True)
class PlantedDefect:
    day: dt.date
    kind: DefectKind


@dataclass(frozen=True, slots=True)
class SpoiledChain:
    """A chain after its defect, and how many quotes that touched."""

    chain: SimulatedChain
    repeated_rows: NDArray[np.int64]
    touched: int


def spoil(chain: SimulatedChain, kind: DefectKind, rng: np.random.Generator) -> SpoiledChain:
    """Cross, blank or duplicate some two-sided quotes of a chain.

    ``repeated_rows`` are positions to print once more at the end of the file.

    Raises
    ------
    ValueError
        For a defect that is none of single quotes, or a chain too small to spoil.
    """
    # near the money, where a wrong quote would hurt: the bid crosses by at least its own tick
    delta = np.abs(chain.delta_forward)
    candidates = np.flatnonzero((chain.bid > 0.0) & (chain.ask > chain.bid) & (delta > 0.1) & (delta < 0.9))
    if len(candidates) < SPOILED_QUOTES:
        raise ValueError(f"only {len(candidates)} two-sided quotes near the money to plant {kind.value} in")
    chosen = np.sort(rng.choice(candidates, SPOILED_QUOTES, replace=False))
    none = np.empty(0, dtype=np.int64)
    if kind is DefectKind.CROSSED_QUOTES:
        bid, ask = chain.bid.copy(), chain.ask.copy()
        bid[chosen], ask[chosen] = chain.ask[chosen], chain.bid[chosen]
        return SpoiledChain(replace(chain, bid=bid, ask=ask), none, len(chosen))
    if kind is DefectKind.ONE_SIDED_QUOTES:
        bid, size = chain.bid.copy(), chain.bid_size.copy()
        bid[chosen], size[chosen] = 0.0, 0.0
        return SpoiledChain(replace(chain, bid=bid, bid_size=size), none, len(chosen))
    if kind is DefectKind.DUPLICATE_ROWS:
        return SpoiledChain(chain, chosen, len(chosen))
    raise ValueError(f"{kind.value} is a defect of a whole file, not of single quotes")
