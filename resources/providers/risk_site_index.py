"""``index.json`` of a risk site's archive: when a day was taken, and the price of each name."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.providers.payload_text import UnreadablePayloadError, unpacked
from resources.providers.strict_json import strict_json
from resources.raw_store import RawPart

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class DayIndex:
    """What a day's index says.

    Attributes
    ----------
    day
        The date that it is of.
    updated_us
        When it was taken, UTC microseconds.
    prices
        By ticker; None where it has none above 0. A ticker with two different prices is not among them.
    ambiguous
        Such tickers.
    """

    day: dt.date
    updated_us: int
    prices: Mapping[str, float | None] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()


def read_index(part: RawPart) -> DayIndex:
    """The index of a day.

    Raises
    ------
    UnreadablePayloadError
        If it does not say its day, its time or any name.
    """
    document = strict_json(unpacked(part.payload, part.name), part.name)
    if not isinstance(document, Mapping) or not isinstance(document.get("data"), list):
        raise UnreadablePayloadError(f"{part.name} has no list data; is it the index of a day?")
    found: dict[str, set[float | None]] = {}
    for record in document["data"]:
        code = record.get("code") if isinstance(record, Mapping) else None
        if isinstance(code, str):
            found.setdefault(code, set()).add(price_of(record, "underlyingPrice", part.name))
    if not found:
        raise UnreadablePayloadError(f"{part.name} names no ticker in data; is it the index of a day?")
    return DayIndex(
        _day(document.get("date"), part.name),
        _instant_us(document.get("updated"), part.name),
        {code: next(iter(prices)) for code, prices in found.items() if len(prices) == 1},
        frozenset(code for code, prices in found.items() if len(prices) > 1),
    )


def price_of(record: Mapping[str, Any], name: str, file: str) -> float | None:
    """A price of the underlying; None where it is missing or 0.

    Raises
    ------
    UnreadablePayloadError
        If it is no number above 0.
    """
    value = record.get(name)
    if value is None or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise UnreadablePayloadError(f"{file}: {name} is {str(value)[:40]!r}, no number above 0")
    return float(value)


def _day(value: object, file: str) -> dt.date:
    try:
        return dt.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise UnreadablePayloadError(
            f"{file}: date {str(value)[:40]!r} is none, so its day is unknown"
        ) from None


def _instant_us(value: object, file: str) -> int:
    try:
        instant = dt.datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 1990 <= instant.year < 2100:
        raise UnreadablePayloadError(
            f"{file}: updated {str(value)[:40]!r} is no time with a zone, so the time of its quotes is unknown"
        )
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)
