"""What the sources of Deribit's answers and their reader both need to know of an answer."""

import datetime as dt
import json
from zoneinfo import ZoneInfo

from resources.providers.deribit_records import EARLIEST_MS, LATEST_MS
from resources.providers.deribit_results import DeribitResults, Record, read_results
from resources.providers.file_adapter import QUOTES, SETTLEMENT_PRICES
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import text_digest
from resources.providers.saved_answers import Held, is_date

INDEX_PRICE = "index_price"
INSTRUMENTS = "instruments"

_results: PayloadCache[DeribitResults] = PayloadCache(kept=64)


def cached_results(payload: bytes, name: str) -> DeribitResults:
    """``read_results``, once per payload."""
    return _results.get(payload, lambda: read_results(payload, name), name)


def day_of(record: Record, summaries: bool, zone: ZoneInfo) -> str | None:
    """The day on which a record was true, in a zone; None where its time is none."""
    try:
        stamp_ms = int(record.get("creation_timestamp" if summaries else "timestamp"))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    if not EARLIEST_MS <= stamp_ms <= LATEST_MS:
        return None
    return dt.datetime.fromtimestamp(stamp_ms / 1000, zone).date().isoformat()


def delivery_slice(results: DeribitResults, trade_date: dt.date) -> str | None:
    """The digest of what a list of delivery prices says about one day; None where it says nothing."""
    lines = sorted(
        json.dumps(record, sort_keys=True)
        for record in results.delivery_prices
        if record.get("date") == trade_date.isoformat()
    )
    return text_digest("\n".join(lines).encode()) if lines else None


def held_days(payload: bytes, name: str, zone: ZoneInfo) -> Held:
    """The days of a saved answer.

    Raises
    ------
    UnreadablePayloadError
        If it cannot be read.
    """
    results = cached_results(payload, name)
    if results.delivery_prices:
        dates = {str(record.get("date")) for record in results.delivery_prices}
        official = {day: delivery_slice(results, dt.date.fromisoformat(day)) for day in dates if is_date(day)}
        return Held(
            SETTLEMENT_PRICES, {d: s for d, s in official.items() if s is not None}, always_sliced=True
        )
    lines: dict[str, list[str]] = {}
    for records, summaries in ((results.books, False), (results.summaries, True)):
        for record in records:
            day = day_of(record, summaries, zone)
            if day is not None:
                lines.setdefault(day, []).append(json.dumps(record, sort_keys=True))
    kind = INSTRUMENTS if results.instruments else INDEX_PRICE if results.index_prices else QUOTES
    return Held(
        QUOTES if lines else kind,
        {day: text_digest("\n".join(sorted(found)).encode()) for day, found in lines.items()},
    )
