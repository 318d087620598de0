"""Wall times of a vendor's zone as UTC."""

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from resources.schemas import TS

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY = dt.date(1970, 1, 1)


def utc_of_wall_times(local: pa.Array, zone: ZoneInfo) -> pa.Array:
    """UTC timestamps of wall times (``timestamp[us]`` without zone); null stays null.

    Each date has the offset of its noon: right for any time after 03:00, when clocks have changed, and so for
    every trade of an exchange.
    """
    days = pc.cast(pc.cast(local, pa.date32()), pa.int32()).dictionary_encode()
    offsets = pa.array([_noon_offset_us(day, zone) for day in days.dictionary.to_pylist()], type=pa.int64())
    return pc.subtract(local.view(pa.int64()), offsets.take(days.indices)).view(TS)


def local_days(ts_us: pa.Array, zone: ZoneInfo) -> pa.Array:
    """The date (int32 days since 1970-01-01) on the wall of a zone at UTC microseconds (int64)."""
    encoded = ts_us.dictionary_encode()
    dates = [
        ((_EPOCH + dt.timedelta(microseconds=us)).astimezone(zone).date() - _EPOCH_DAY).days
        for us in encoded.dictionary.to_pylist()
    ]
    return pa.array(dates, type=pa.int32()).take(encoded.indices)


def _noon_offset_us(day: int, zone: ZoneInfo) -> int:
    noon = dt.datetime.combine(_EPOCH_DAY + dt.timedelta(days=day), dt.time(12), tzinfo=zone)
    offset = noon.utcoffset()
    if offset is None:
        raise ValueError(f"{zone} has no offset from UTC")
    return offset // dt.timedelta(microseconds=1)
