"""What a format of rates has to say about itself, and the observations that its files give."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from resources.providers.quote_table import instants
from resources.reference.dated_csv import table_of
from resources.reference.parsed import ParsedReference
from resources.schemas import RATE_OBSERVATION_SCHEMA

#: no published rate of a working currency has been beyond this; a cell that is holds something else
MAX_PERCENT = 100.0


@dataclass(frozen=True)
class ParYield:
    """A bond-equivalent par yield of a maturity in years."""

    years: float


@dataclass(frozen=True)
class Overnight:
    """A simple rate for one night, on a year of so many days."""

    year_days: int


Quotation = ParYield | Overnight


@dataclass(frozen=True)
class Observation:
    """One value of one series; ``value`` as a decimal per year, as quoted."""

    series: str
    day: dt.date
    value: float
    known_at_us: int


@dataclass(frozen=True)
class RateFormat:
    """How to read one format of rates.

    Attributes
    ----------
    quotations
        What each series means. Of several overnight series the first with a usable observation counts.
    files
        The files below the path that a universe names, in a fixed order; empty where there are none.
    expected
        What should be there, for the message when nothing is.
    parse
        Bytes and name of a file to ``RATE_OBSERVATION_SCHEMA``; raises ``UnreadablePayloadError``.
    date_text
        A day as the first cell of a line writes it; it must sort as the days do.
    known_after_days
        An observation is not known before so many days after its own, so later lines cannot matter.
    """

    name: str
    quotations: Mapping[str, Quotation]
    files: Callable[[Path], list[Path]]
    expected: str
    parse: Callable[[bytes, str], ParsedReference]
    date_text: Callable[[dt.date], str]
    known_after_days: int


def observation_table(observed: Sequence[tuple[str, dt.date, float | None, int]], source: str) -> pa.Table:
    """``RATE_OBSERVATION_SCHEMA`` from (series, day, value as a decimal or None, known_at in microseconds)."""
    return table_of(
        RATE_OBSERVATION_SCHEMA,
        {
            "series": [row[0] for row in observed],
            "observation_date": [row[1] for row in observed],
            "value": [row[2] for row in observed],
            "known_at": instants(np.array([row[3] for row in observed], dtype=np.int64)),
            "source": [source] * len(observed),
        },
    )


def observations_by_series(table: pa.Table) -> dict[str, list[Observation]]:
    """What there is to choose from, by series and day; missing values are left out."""
    found: dict[str, list[Observation]] = {}
    known = table.column("known_at").cast(pa.int64()).to_pylist()
    plain = (table.column(name).to_pylist() for name in ("series", "observation_date", "value"))
    for series, day, value, known_at in zip(*plain, known, strict=True):
        if value is not None:
            found.setdefault(series, []).append(Observation(series, day, value, known_at))
    for observations in found.values():
        observations.sort(key=lambda seen: seen.day)
    return found
