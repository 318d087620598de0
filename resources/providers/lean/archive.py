"""From Lean's archives of many small files to one table: each line with its member's name in front of it."""

import datetime as dt
import zlib
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.calendars import wall_time_us
from resources.providers.archive import archive_members
from resources.providers.lean.layout import TickType, date_of
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.typed_csv import CsvLayout, TypedRows
from resources.providers.vendor_clock import utc_of_wall_times

_F = pa.float64()
_PRICES = ("open", "high", "low", "close")
#: columns behind ``member`` and ``time``, by what a file holds
COLUMNS: dict[str, tuple[str, ...]] = {
    "quote": (
        *(f"bid_{name}" for name in _PRICES),
        "bid_size",
        *(f"ask_{name}" for name in _PRICES),
        "ask_size",
    ),
    "trade": (*_PRICES, "volume"),
    "openinterest": ("open_interest",),
}
_FILLED: dict[str, tuple[str, ...]] = {
    "quote": (),
    "trade": _PRICES + ("volume",),
    "openinterest": ("open_interest",),
}
_DAY_MS = 86_400_000
_UNDATED = ""

#: a day after the other touches every file of the universe, so all of a dozen underlyings stay; packed again by day,
#: a year of 2,500 contracts takes about 10 MB
_days: PayloadCache[dict[str, bytes]] = PayloadCache(kept=48)
_whole: PayloadCache[bytes] = PayloadCache(kept=4)


def layout(kind: TickType, *, intraday_file: bool) -> CsvLayout:
    """Columns of one kind of bars; the header is ours, Lean's files have none."""
    time = pa.int64() if intraday_file else pa.string()
    return CsvLayout(
        columns={"member": pa.string(), "time": time, **dict.fromkeys(COLUMNS[kind], _F)},
        required=frozenset({"member", "time", *_FILLED[kind]}),
    )


def lines_of_day(payload: bytes, name: str, kind: TickType, day: dt.date) -> bytes | None:
    """Header and lines of one day of an archive of many days; None where it has none.

    The archive is unpacked once, however many days are asked of it.

    Raises
    ------
    UnreadablePayloadError
        If it cannot be read.
    """
    packed = _by_day(payload, name, kind).get(f"{day:%Y%m%d}")
    return None if packed is None else zlib.decompress(packed)


def days_of(payload: bytes, name: str, kind: TickType) -> list[dt.date]:
    """The days of an archive of many days, in the order of the file."""
    return [day for key in _by_day(payload, name, kind) if (day := date_of(key)) is not None]


def _by_day(payload: bytes, name: str, kind: TickType) -> dict[str, bytes]:
    return _days.get(payload, lambda: _sliced(payload, name, kind), kind)


def all_lines(payload: bytes, name: str, kind: TickType) -> bytes:
    """Header and lines of an archive of one day.

    Raises
    ------
    UnreadablePayloadError
        If it cannot be read.
    """
    return _whole.get(payload, lambda: _joined(payload, name, kind), kind)


def _members(payload: bytes, name: str) -> list[tuple[bytes, list[bytes]]]:
    """Prefix and lines of each member."""
    found = []
    for member in archive_members(payload, name):
        if not member.content.strip():
            continue
        text = unpacked(member.content, f"{name}/{member.name}")
        # a name that would break the table is no contract of Lean's either; its lines are rejected by name
        label = member.name if member.name.isascii() and member.name.isprintable() else ascii(member.name)
        prefix = label.translate({ord(","): "_", ord('"'): "_"}).encode() + b","
        found.append((prefix, [line for line in text.splitlines() if line.strip()]))
    if not found:
        raise UnreadablePayloadError(f"{name} holds no line of any contract; fetch it again from the source")
    return found


def _header(kind: TickType) -> bytes:
    return ",".join(("member", "time", *COLUMNS[kind])).encode() + b"\n"


def _joined(payload: bytes, name: str, kind: TickType) -> bytes:
    pieces = [prefix + line for prefix, lines in _members(payload, name) for line in lines]
    return _header(kind) + b"\n".join(pieces) + b"\n"


def _sliced(payload: bytes, name: str, kind: TickType) -> dict[str, bytes]:
    """Header and lines by the date in the first cell, packed by zlib.

    A line that tells no date stays with the line before it, so that it is seen (and rejected) on some day.
    """
    groups: dict[str, list[bytes]] = {}
    undated: list[bytes] = []
    real: dict[bytes, str] = {}
    for prefix, lines in _members(payload, name):
        day = _UNDATED
        for line in lines:
            stamp = line[:8]
            if stamp not in real:
                text = stamp.decode("ascii", "replace")
                real[stamp] = text if date_of(text) is not None else _UNDATED
            day = real[stamp] or day
            (groups.setdefault(day, []) if day else undated).append(prefix + line)
    if not groups:
        raise UnreadablePayloadError(
            f"{name}: no line begins with a date (YYYYMMDD HH:MM); is it a daily or hourly file of Lean?"
        )
    if undated:
        groups[min(groups)] += undated
    head = _header(kind)
    return {
        day: zlib.compress(head + b"\n".join(lines) + b"\n", level=1) for day, lines in sorted(groups.items())
    }


def start_times(
    rows: TypedRows, day: dt.date, timezone: str
) -> tuple[pa.Array, dict[str, NDArray[np.bool_]]]:
    """When each bar began (UTC microseconds, int64; 0 where unknown), and which rows are refused for it.

    The reasons are ``untyped:time`` and ``other_day``. A ``time`` column of integers is milliseconds since
    midnight of ``day``; of texts, ``YYYYMMDD HH:MM``.
    """
    times = rows.column("time")
    if pa.types.is_integer(times.type):
        ms = times.to_numpy()
        bad = (ms < 0) | (ms >= _DAY_MS)
        midnight = wall_time_us(day, dt.time(0), timezone)
        return pa.array(np.where(bad, 0, midnight + np.where(bad, 0, ms) * 1_000)), {"untyped:time": bad}
    encoded = times.dictionary_encode()
    values = [_wall_time(text) for text in encoded.dictionary.to_pylist()]
    at = encoded.indices.to_numpy(zero_copy_only=False)
    bad = np.array([value is None for value in values] or [False])[at]
    wrong_day = np.array([value is not None and value.date() != day for value in values] or [False])[at]
    local = pa.array([value or dt.datetime(1970, 1, 1) for value in values], type=pa.timestamp("us"))
    utc = utc_of_wall_times(local, ZoneInfo(timezone)).view(pa.int64()).take(encoded.indices)
    return utc, {"untyped:time": bad, "other_day": wrong_day}


def _wall_time(text: str) -> dt.datetime | None:
    day, separator, clock = text.partition(" ")
    date = date_of(day)
    if date is None or separator != " " or len(clock) != 5 or clock[2] != ":":
        return None
    if not (clock[:2].isdigit() and clock[3:].isdigit() and clock.isascii()):
        return None
    hour, minute = int(clock[:2]), int(clock[3:])
    return dt.datetime(date.year, date.month, date.day, hour, minute) if hour < 24 and minute < 60 else None
