"""From the columns of somebody's table to canonical values: dates, instants, rights, prices."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from resources.providers.generic_settings import (
    COUNT_FIELDS,
    PRICE_FIELDS,
    SIZE_FIELDS,
    UNDERLYING_FIELDS,
    Constant,
    GenericSettings,
)
from resources.providers.quote_table import price
from resources.providers.typed_csv import TypedRows
from resources.providers.vendor_clock import local_days
from resources.providers.vendor_dates import date_of

_F = pa.float64()
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PER_SECOND = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
#: instants outside of 1971 to 2199 are damaged cells
FIRST_US, LAST_US = 31_536_000_000_000, 7_258_118_400_000_000

Mask = NDArray[np.bool_]
Source = str | Constant


def texts(rows: TypedRows, source: Source) -> pa.Array:
    """A text column, without blanks around."""
    if isinstance(source, Constant):
        return pa.array([str(source.constant)] * len(rows), type=pa.string())
    return pc.utf8_trim_whitespace(rows.column(source))


def day_numbers(rows: TypedRows, source: Source, settings: GenericSettings) -> tuple[NDArray[np.int32], Mask]:
    """Days since 1970-01-01, and which cells are no dates."""
    column = texts(rows, source) if isinstance(source, Constant) else rows.column(source)
    if pa.types.is_date32(column.type):
        filled = pc.fill_null(column.view(pa.int32()), 0).to_numpy(zero_copy_only=False)
        return np.asarray(filled, dtype=np.int32), _flags(column.is_null())
    if pa.types.is_timestamp(column.type):
        us = pc.fill_null(column.cast(pa.timestamp("us")).view(pa.int64()), 0).to_numpy(zero_copy_only=False)
        return (us // 86_400_000_000).astype(np.int32), _flags(column.is_null())
    encoded = column.dictionary_encode()
    found = [date_of(text, (settings.dates.format,)) for text in encoded.dictionary.to_pylist()] + [None]
    days = np.array([0 if d is None else (d - dt.date(1970, 1, 1)).days for d in found], dtype=np.int32)
    bad = np.array([d is None for d in found])
    codes = pc.fill_null(encoded.indices, len(found) - 1).to_numpy(zero_copy_only=False)
    return days[codes], bad[codes]


def instants_us(
    rows: TypedRows, source: str, settings: GenericSettings, zone: ZoneInfo
) -> tuple[pa.Array, Mask]:
    """UTC microseconds (int64, null where empty), and which cells are no instants."""
    column = rows.column(source)
    encoded = column.dictionary_encode()
    if pa.types.is_timestamp(column.type):
        given = encoded.dictionary.view(pa.int64()).to_pylist()
        found = given if column.type.tz else [_utc_us(_wall(us), zone) for us in given]
    else:
        found = [instant_of(text, settings.times.format, zone) for text in encoded.dictionary.to_pylist()]
    found = [us if us is not None and FIRST_US <= us < LAST_US else None for us in found]
    values = pa.array(found, type=pa.int64()).take(encoded.indices)
    return values, _flags(pc.and_(column.is_valid(), values.is_null()))


def instant_of(text: str, form: str, zone: ZoneInfo) -> int | None:
    """UTC microseconds of one cell; None where it is no instant."""
    text = text.strip()
    if not text.isascii() or len(text) > 60:
        return None
    try:
        if form in _PER_SECOND:
            return _epoch_us(text, _PER_SECOND[form])
        moment = dt.datetime.fromisoformat(text) if form == "iso" else dt.datetime.strptime(text, form)
        return _utc_us(moment, zone)
    except (ValueError, OverflowError):
        return None


def local_day_numbers(us: pa.Array, zone: ZoneInfo) -> NDArray[np.int32]:
    """Days since 1970-01-01 on the wall of a zone; 0 for null."""
    known = local_days(pc.fill_null(us, 0), zone)
    return np.asarray(pc.if_else(us.is_valid(), known, 0).to_numpy(zero_copy_only=False), dtype=np.int32)


def numbers(rows: TypedRows, name: str, source: Source, settings: GenericSettings) -> pa.Array:
    """A canonical number column: its scale, its words for nothing."""
    if isinstance(source, Constant):
        column = pa.array(np.full(len(rows), float(source.constant)))
    else:
        column = rows.column(source)
    priced = name in (*PRICE_FIELDS, *SIZE_FIELDS, *UNDERLYING_FIELDS, "vendor_iv")
    nothing = [n for n in settings.nulls.numbers if priced or (name in COUNT_FIELDS and n < 0)]
    if nothing:
        column = pc.if_else(pc.is_in(column, pa.array(nothing, type=_F)), pa.scalar(None, _F), column)
    scale = _scale(name, settings)
    if scale != 1.0:
        column = _scaled(column, scale)
    # a canonical price or volatility is never 0, whatever the source means by it
    return price(column) if priced and name not in SIZE_FIELDS else column


def rights(rows: TypedRows, source: Source, settings: GenericSettings) -> pa.Array:
    """``C`` and ``P``; null for anything else."""
    encoded = pc.utf8_upper(texts(rows, source)).dictionary_encode()
    known = {
        **{text.upper(): "C" for text in settings.rights.call},
        **{text.upper(): "P" for text in settings.rights.put},
    }
    found = [known.get(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(found, type=pa.string()).take(encoded.indices)


def _scale(name: str, settings: GenericSettings) -> float:
    units = settings.units
    if name in PRICE_FIELDS:
        return units.price_scale
    if name in UNDERLYING_FIELDS:
        return units.underlying_scale
    if name in SIZE_FIELDS:
        return units.size_scale
    if name == "vendor_iv":
        return 0.01 if units.volatility == "percent" else 1.0
    return units.strike_scale if name == "strike" else 1.0


def _scaled(column: pa.Array, scale: float) -> pa.Array:
    """Times the scale; a scale of 1/n divides, so that 15000 at 0.0001 is 1.5 and not next to it."""
    parts = round(1 / scale)
    if parts > 1 and scale == 1 / parts:
        return pc.divide(column, float(parts))
    return pc.multiply(column, scale)


def _epoch_us(text: str, per_second: int) -> int | None:
    whole = text.removesuffix(".0")
    if not whole.isdigit() or len(whole) > 20:
        return None
    return int(whole) * 1_000_000 // per_second


def _wall(us: int | None) -> dt.datetime | None:
    if us is None or not FIRST_US <= us < LAST_US:
        return None
    return (_EPOCH + dt.timedelta(microseconds=us)).replace(tzinfo=None)


def _utc_us(moment: dt.datetime | None, zone: ZoneInfo) -> int | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return (aware - _EPOCH) // dt.timedelta(microseconds=1)


def _flags(mask: pa.Array) -> Mask:
    return np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool)
