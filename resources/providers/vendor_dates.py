"""Dates as vendors write them, in whatever order of day, month and year."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ISO = "%Y-%m-%d"
US = "%m/%d/%Y"


@lru_cache(maxsize=100_000)
def date_of(text: str, formats: tuple[str, ...]) -> dt.date | None:
    """The date that a text names in one of the formats (of ``strptime``); None where it names none."""
    # int() would also take the digits of other scripts, and no vendor means them
    if not text.isascii() or len(text) > 40:
        return None
    for form in formats:
        try:
            return dt.datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


def dates_of(texts: pa.Array, formats: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Days since 1970-01-01 of a column of texts, and which are no dates (0 there)."""
    encoded = texts.dictionary_encode()
    found = [date_of(text, tuple(formats)) for text in encoded.dictionary.to_pylist()] + [None]
    days = np.array([0 if day is None else (day - dt.date(1970, 1, 1)).days for day in found], dtype=np.int32)
    bad = np.array([day is None for day in found])
    codes = pc.fill_null(encoded.indices, len(found) - 1).to_numpy(zero_copy_only=False)
    return days[codes], bad[codes]
