"""What every source of quotes offers, and what it hands over."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import pyarrow as pa

from resources.raw_store import RawPart

__all__ = [
    "ParsedDay",
    "ParsedPrices",
    "ParsedUnderlying",
    "Provider",
    "ProviderError",
    "RawPart",
    "ResumableProvider",
]


class ProviderError(RuntimeError):
    """A source cannot be used at all: its folder is missing, or the universe asks what it cannot give."""


@dataclass(frozen=True)
class ParsedUnderlying:
    """What was received about one underlying on one day.

    Attributes
    ----------
    quotes
        ``resources.schemas.QUOTE_SCHEMA``, in its total order, whatever the order of the rows received.
    payload_ts_us
        The instant that the payload itself claims, UTC microseconds; None where the source gives none. Of
        several snapshots the last one's.
    rejected
        ``QUARANTINE_SCHEMA``: rows that could not be typed, or that are not the universe's, with the vendor's
        own text.
    problem
        Why nothing of this underlying can be used (unreadable file, wrong columns, another day); then
        ``quotes`` is empty.
    snapshot_payload_ts_us
        By ``snapshot_id``, the instant that each snapshot's own payload claims; empty where one payload
        holds them all, or claims none.
    """

    underlying: str
    quotes: pa.Table
    payload_ts_us: int | None
    rejected: pa.Table
    problem: str | None = None
    snapshot_payload_ts_us: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ParsedDay:
    """One day as parsed.

    Attributes
    ----------
    underlyings
        By symbol, those of the universe for which something was received; the others are absent.
    underlying_prices
        ``UNDERLYING_SCHEMA``, at most one row per underlying.
    problems
        What is wrong with files that serve every underlying (each also blocks those that depend on it).
    """

    trade_date: dt.date
    underlyings: dict[str, ParsedUnderlying]
    underlying_prices: pa.Table
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParsedPrices:
    """The underlyings' prices of one day.

    Attributes
    ----------
    table
        ``UNDERLYING_SCHEMA``, at most one row per underlying.
    payload_ts_us
        By symbol, the instant that the payload itself claims, UTC microseconds; a source may give none.
    """

    trade_date: dt.date
    table: pa.Table
    payload_ts_us: dict[str, int]


class Provider(Protocol):
    """A source of option quotes.

    ``fetch`` touches the outside world and interprets as little as it can; ``parse`` is a pure function of
    the bytes fetched, so a stored harvest can be parsed again years later.
    """

    @property
    def mode(self) -> Literal["historical", "snapshot_only"]:
        """``historical``: can deliver a past day; ``snapshot_only``: only what the market shows now."""

    def available_days(self) -> list[dt.date]:
        """Days for which the source has something, sorted; not necessarily sessions."""

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        """Everything that the source has for a day; empty where it has nothing."""

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        """Canonical tables from what ``fetch`` delivered. Bad input is reported in the result, not raised."""

    def parse_prices(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedPrices:
        """The ``underlying_prices`` of ``parse``, without the work that only quotes need where a source keeps
        them apart."""


@runtime_checkable
class ResumableProvider(Protocol):
    """A provider whose ``fetch`` keeps what arrives, so that an interrupted harvest goes on from there."""

    def pending(self, trade_date: dt.date) -> list[RawPart]:
        """What arrived on a day that is over and is not in the raw store; nothing is asked for."""

    def stored(self, trade_date: dt.date) -> None:
        """What ``fetch`` delivered for a day is in the raw store: nothing of it needs to be kept."""
