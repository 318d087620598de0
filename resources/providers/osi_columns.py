"""OSI option symbols as columns: their parts, whether they agree with the columns beside them, and writing them."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: compact: root, yymmdd, right, strike in thousandths
_SYMBOL = r"^[A-Z0-9.]{1,6}\d{6}[CP]\d{8}$"
_EPOCH_DAY = dt.date(1970, 1, 1)
_FRIDAY = 1  # day number modulo 7
_STRIKE_UNITS = 1000


def compact(symbols: pa.Array) -> pa.Array:
    """Symbols without the blanks that pad their roots."""
    return pc.replace_substring(symbols, " ", "")


def not_osi(symbols: pa.Array) -> NDArray[np.bool_]:
    """Which compact symbols have another form."""
    matches = pc.fill_null(pc.match_substring_regex(symbols, _SYMBOL), False)
    return ~np.asarray(matches.to_numpy(zero_copy_only=False), dtype=bool)


def roots_of(symbols: pa.Array) -> pa.Array:
    """Roots of compact symbols."""
    return pc.utf8_slice_codeunits(symbols, 0, -15)


def expiry_days_of(symbols: pa.Array) -> NDArray[np.int32]:
    """Expiries that compact symbols name, days since 1970-01-01; 0 for a date that does not exist."""
    stamps, inverse = _distinct_stamps(symbols)
    days = [(0 if day is None else (day - _EPOCH_DAY).days) for day in map(_stamp_date, stamps)]
    return np.array(days or [0], dtype=np.int32)[inverse]


def impossible_dates(symbols: pa.Array) -> NDArray[np.bool_]:
    """Which compact symbols name a date that does not exist."""
    stamps, inverse = _distinct_stamps(symbols)
    return np.array([_stamp_date(stamp) is None for stamp in stamps] or [False])[inverse]


def rights_of(symbols: pa.Array) -> pa.Array:
    """``C`` or ``P`` of compact symbols."""
    return pc.utf8_slice_codeunits(symbols, -9, -8)


def strikes_of(symbols: pa.Array) -> NDArray[np.float64]:
    """Strikes that compact symbols name."""
    units = pc.utf8_slice_codeunits(symbols, -8).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return np.asarray(units / _STRIKE_UNITS, dtype=np.float64)


def disagrees(
    symbols: pa.Array,
    expiry_days: NDArray[np.int32],
    rights: pa.Array,
    strikes: NDArray[np.float64],
    trade_date: dt.date,
    *,
    saturdays: bool = False,
) -> NDArray[np.bool_]:
    """Rows whose compact symbol names another expiry, right or strike than their columns.

    Strikes that are no positive number and past expiries are left alone: rules of their own name them.

    Parameters
    ----------
    saturdays
        Also accept the Saturday after a Friday: until January 2015 monthly symbols carried it, and some vendors
        give the last day of trading beside them.
    """
    listed = pc.utf8_slice_codeunits(symbols, -15, -9).cast(pa.int32()).to_numpy()
    expected = _stamps(expiry_days)
    date_differs = listed != expected
    if saturdays:
        date_differs &= (listed != _stamps(expiry_days + 1)) | (expiry_days % 7 != _FRIDAY)
    thousandths = pc.utf8_slice_codeunits(symbols, -8).cast(pa.int64()).to_numpy()
    same_right = pc.equal(pc.utf8_slice_codeunits(symbols, -9, -8), rights)
    right = np.asarray(same_right.to_numpy(zero_copy_only=False), dtype=bool)
    with np.errstate(invalid="ignore"):
        strike_differs = ~(np.abs(thousandths / _STRIKE_UNITS - strikes) < 5e-4)
        judged = (strikes > 0) & np.isfinite(strikes) & (expiry_days >= (trade_date - _EPOCH_DAY).days)
    found: NDArray[np.bool_] = judged & (date_differs | strike_differs | ~right)
    return found


def cannot_be_written(strikes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Strikes for which OSI has no symbol: not positive, too large, or finer than 0.001."""
    with np.errstate(invalid="ignore", over="ignore"):
        units = strikes * _STRIKE_UNITS
        fits = (
            (units >= 0.5)
            & (units < 10**8 - 0.5)
            & (np.abs(units - np.round(units)) <= 1e-6 * np.maximum(1, units))
        )
    return ~fits


def written(
    roots: list[str], expiry_days: NDArray[np.int32], rights: list[str], strikes: NDArray[np.float64]
) -> pa.Array:
    """Compact symbols for a source that leaves them out; every strike must be writable."""
    stamps = _stamps(expiry_days).tolist()
    units = np.round(strikes * _STRIKE_UNITS).astype(np.int64).tolist()
    return pa.array(
        [
            f"{root}{stamp:06d}{right}{unit:08d}"
            for root, stamp, right, unit in zip(roots, stamps, rights, units, strict=True)
        ],
        type=pa.string(),
    )


def _stamps(days: NDArray[np.int32]) -> NDArray[np.int64]:
    """yymmdd as a number."""
    distinct, inverse = np.unique(days, return_inverse=True)
    dates = [_EPOCH_DAY + dt.timedelta(days=day) for day in distinct.tolist()]
    stamps = [d.year % 100 * 10_000 + d.month * 100 + d.day for d in dates]
    return np.array(stamps or [0], dtype=np.int64)[inverse]


def _distinct_stamps(symbols: pa.Array) -> tuple[list[str], NDArray[np.int32]]:
    encoded = pc.utf8_slice_codeunits(symbols, -15, -9).dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False)


def _stamp_date(stamp: str) -> dt.date | None:
    try:
        return dt.date(2000 + int(stamp[:2]), int(stamp[2:4]), int(stamp[4:]))
    except ValueError:
        return None
