"""What Polygon (now Massive) answers, told apart by its content: chain snapshots and daily bars.

massive.com/docs/rest, "Option Chain Snapshot" and "Custom Bars". A file holds an answer, a list of rows, one row a
line, or it is Parquet: the rows of a snapshot, nested or with dotted column names (``last_quote.bid``).
"""

import datetime as dt
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import MAX_UNPACKED_BYTES, UnreadablePayloadError, unpacked
from resources.providers.strict_json import strict_json

Record = Mapping[str, Any]

_PARQUET_MAGIC = b"PAR1"
_NS_PER_S = 1_000_000_000
#: 2003-01-01 (the vendor's history begins) and 2100-01-01 in seconds; a time outside is in another unit
_EARLIEST_S, _LATEST_S = 1_041_379_200, 4_102_444_800
#: fields with the time of something that was seen; the latest is that of the snapshot
_TIME_FIELDS = (
    ("last_quote", "last_updated"),
    ("last_trade", "sip_timestamp"),
    ("day", "last_updated"),
    ("underlying_asset", "last_updated"),
)


@dataclass
class PolygonResults:
    """The rows of one payload by what they are.

    Attributes
    ----------
    contracts
        Rows of a chain snapshot.
    bars
        Daily bars; ``ticker`` is whose they are, where the answer says so.
    """

    contracts: list[Any] = field(default_factory=list)
    bars: list[Record] = field(default_factory=list)
    ticker: str | None = None


_results: PayloadCache[PolygonResults] = PayloadCache(kept=64)


def cached_results(payload: bytes, name: str) -> PolygonResults:
    """Everything in a payload, read once.

    Raises
    ------
    UnreadablePayloadError
        If it is neither JSON nor Parquet, or holds what none of the methods answers.
    """
    return _results.get(payload, lambda: _read(payload, name), name)


def _read(payload: bytes, name: str) -> PolygonResults:
    found = PolygonResults()
    if payload.startswith(_PARQUET_MAGIC) or name.endswith(".parquet"):
        found.contracts.extend(_parquet_rows(payload, name))
        return found
    text = unpacked(payload, name)
    try:
        values = [strict_json(text, name)]
    except UnreadablePayloadError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or name.removesuffix(".gz").endswith(".json"):
            raise
        values = [strict_json(line, f"{name}, line {n}") for n, line in enumerate(lines, start=1)]
    for value in values:
        _take(value, found, name)
    return found


def _take(value: Any, found: PolygonResults, name: str) -> None:
    if isinstance(value, list):
        for item in value:
            _take(item, found, name)
    elif not isinstance(value, dict):
        raise UnreadablePayloadError(
            f"{name} holds {str(value)[:60]!r} where an answer of Polygon was expected"
        )
    elif "status" in value and ("request_id" in value or "results" in value or "queryCount" in value):
        if value["status"] not in ("OK", "DELAYED"):
            raise UnreadablePayloadError(f"{name} is an answer with the status {str(value['status'])[:60]!r}")
        if isinstance(value.get("ticker"), str):
            found.ticker = value["ticker"]
        results = value.get("results")
        for row in results if isinstance(results, list) else []:
            if isinstance(row, dict) and "details" not in row and "t" in row:
                found.bars.append(row)
            else:
                # a row that is none of a snapshot is set aside later, with its text
                found.contracts.append(row)
    elif "details" in value or "details.ticker" in value:
        found.contracts.append(value)
    else:
        raise UnreadablePayloadError(
            f"{name} holds an object with the fields {', '.join(sorted(map(str, value))[:8]) or '(none)'}: no chain "
            "snapshot and no bars of Polygon"
        )


def _parquet_rows(payload: bytes, name: str) -> list[Any]:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(payload))
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if size > MAX_UNPACKED_BYTES:
            raise UnreadablePayloadError(
                f"{name} unpacks to more than {MAX_UNPACKED_BYTES >> 20} MB; split it"
            )
        table = file.read(use_threads=False)
        rows = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, UnreadablePayloadError):
            raise
        raise UnreadablePayloadError(f"{name} is no readable Parquet file: {str(error)[:200]!r}") from error
    names = set(table.column_names)
    if not names & {"details", "details.ticker"}:
        raise UnreadablePayloadError(
            f"{name} has no column details (its columns: {', '.join(sorted(names))[:200]}); is it a chain snapshot "
            "of Polygon?"
        )
    return list(rows)


def latest_ns(records: Iterable[Any]) -> int | None:
    """The latest time of anything seen in a chain snapshot; None where no row has one."""
    stamps = [
        stamp
        for record in records
        if isinstance(record, Mapping)
        for group, name in _TIME_FIELDS
        if (stamp := usable_ns(_inner(record, group, name))) is not None
    ]
    return max(stamps, default=None)


def usable_ns(value: Any) -> int | None:
    """A time in nanoseconds; None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not _EARLIEST_S * _NS_PER_S <= value <= _LATEST_S * _NS_PER_S:  # false for NaN too
        return None
    return int(value)


def bar_day(bar: Record, zone: ZoneInfo) -> str | None:
    """The day of a bar, whose ``t`` is its beginning in milliseconds; None where it has none."""
    stamp = bar.get("t")
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float)):
        return None
    if not _EARLIEST_S * 1000 <= stamp <= _LATEST_S * 1000:
        return None
    return dt.datetime.fromtimestamp(stamp / 1000, zone).date().isoformat()


def _inner(record: Mapping[str, Any], group: str, name: str) -> Any:
    dotted = f"{group}.{name}"
    if dotted in record:
        return record[dotted]
    inner = record.get(group)
    return inner.get(name) if isinstance(inner, Mapping) else None
