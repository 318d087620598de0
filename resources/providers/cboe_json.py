"""``cboe_json``: payloads of CBOE's delayed-quotes service as they come, a file per ticker and snapshot.

The service: ``cdn.cboe.com/api/global/delayed_quotes/options/<ticker>.json`` (``_SPX`` for an index), an object
with ``timestamp``, ``symbol`` and ``data``; in ``data`` the underlying (``current_price``, ``close``, ``open``,
...) and ``options``, a list of quotes named by their OSI symbols. CBOE does not document it; this is its shape as
observed from 2021 to 2026.

Layout: ``<ticker>/`` with a day, and if there are several a day a time, in the path below it
(``AAPL/2026-08-18T14-20-41.json``, ``_SPX/2026-08-18/142041.json.gz``; ``file_timezone``, UTC by default). The name
only says under which day a file is looked for.

``timestamp`` is when the feed was made, in UTC; the market that it shows is ``feed_delay_minutes`` older: the last
trades of payloads from within a session lie just before that. Conventions of the vendor: ``cboe_rows``.
"""

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from resources.providers import osi_columns
from resources.providers.cboe_rows import NUMBERS
from resources.providers.cboe_snapshots import CboeSnapshotProvider, Snapshot, Terms
from resources.providers.cboe_underlying import CboeUnderlying
from resources.providers.file_adapter import outside
from resources.providers.file_stamps import file_stamp
from resources.providers.payload_text import UnreadablePayloadError, text_digest, unpacked
from resources.providers.quote_table import expiry_out_of_range
from resources.providers.strict_json import strict_json
from resources.providers.typed_records import RecordLayout, TypedRecords, read_typed_records
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

_LAYOUT = RecordLayout(
    {"option": str, **dict.fromkeys(NUMBERS, float), "last_trade_time": str}, frozenset({"option"})
)
_PRICES = ("current_price", "close", "open", "high", "low", "volume")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class CboeJsonProvider(CboeSnapshotProvider):
    """Chains from a folder of payloads."""

    format_name = "cboe_json"
    payload_has_time = True

    def files(self, spec: UnderlyingSpec) -> list[tuple[dt.date, Path]]:
        zone = ZoneInfo(self.settings.file_timezone)
        folder = self.folder / spec.source_symbol
        found = []
        for path in folder.rglob("*"):
            if not path.name.endswith((".json", ".json.gz")):
                continue
            stamp = file_stamp(path.relative_to(folder).as_posix())
            if stamp is not None:
                found.append((stamp.local_day(zone, self.zone), path))
        return found

    def read(self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart) -> Snapshot:
        text = unpacked(part.payload, part.name)
        document = strict_json(text, part.name)
        data = document.get("data") if isinstance(document, Mapping) else None
        options = data.get("options") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(options, list) or not options:
            raise UnreadablePayloadError(
                f"{part.name} has no list data.options with quotes; is it a payload of delayed_quotes/options?"
            )
        _require_ticker(spec, document, data, part.name)
        absent = [n for n in NUMBERS if not any(isinstance(o, Mapping) and n in o for o in options)]
        if absent:
            raise UnreadablePayloadError(
                f"{part.name}: no option has {', '.join(absent)}; if the vendor has renamed it, the adapter must "
                "learn the new name first"
            )
        market_us = _timestamp_us(document.get("timestamp"), part.name) - self.delay_us
        line = CboeUnderlying(market_us, **{name: _number(data, name, part.name) for name in _PRICES})
        rows = _with_times(read_typed_records(options, _LAYOUT))
        return Snapshot(part, market_us, text_digest(text), rows, line)

    def contract_terms(self, spec: UnderlyingSpec, trade_date: dt.date, snapshot: Snapshot) -> Terms:
        rows = snapshot.rows.split({"untyped:option": osi_columns.not_osi(snapshot.rows.column("option"))})
        expiry_days = osi_columns.expiry_days_of(rows.column("option"))
        undated = osi_columns.impossible_dates(rows.column("option"))
        rows = rows.split(
            {
                "untyped:option": undated,
                "unknown_root": outside(
                    osi_columns.roots_of(rows.column("option")), [root.root for root in spec.roots]
                ),
                "expiry_out_of_range": ~undated & expiry_out_of_range(expiry_days, trade_date),
            }
        )
        symbols = rows.column("option")
        return Terms(
            rows,
            symbols,
            osi_columns.roots_of(symbols),
            osi_columns.rights_of(symbols),
            osi_columns.expiry_days_of(symbols),
            osi_columns.strikes_of(symbols),
        )


def _require_ticker(spec: UnderlyingSpec, document: Any, data: Any, name: str) -> None:
    """A payload names its ticker, ``_SPX`` without and ``^SPX`` within ``data``."""
    for found in (document.get("symbol"), data.get("symbol")):
        if found is not None and str(found).lstrip("_^") != spec.source_symbol.lstrip("_^"):
            raise UnreadablePayloadError(
                f"{name} holds {str(found)[:40]!r}, not {spec.source_symbol}; put it into its own folder"
            )


def _timestamp_us(value: object, name: str) -> int:
    try:
        stamp = dt.datetime.fromisoformat(value) if isinstance(value, str) and len(value) > 10 else None
    except ValueError:
        stamp = None
    if stamp is None or not 1990 <= stamp.year < 2100:
        raise UnreadablePayloadError(
            f"{name}: timestamp {str(value)[:40]!r} is no date and time, so the time of its quotes is unknown"
        )
    instant = stamp.replace(tzinfo=dt.UTC) if stamp.tzinfo is None else stamp
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


def _number(data: Mapping[str, Any], field: str, name: str) -> float | None:
    """A price or volume of the underlying; 0 where the vendor has none."""
    value = data.get(field)
    if value is None or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise UnreadablePayloadError(f"{name}: data.{field} is {str(value)[:40]!r}, no number above 0")
    return float(value)


def _with_times(rows: TypedRecords) -> TypedRecords:
    """``last_trade_time`` as wall times; a record with another text is set aside."""
    encoded = rows.column("last_trade_time").dictionary_encode()
    times = [_wall_time(text) for text in encoded.dictionary.to_pylist()]
    impossible = np.array([time is None for time in times] + [False])
    codes = encoded.indices.fill_null(len(times)).to_numpy(zero_copy_only=False)
    column = pa.array(times, type=pa.timestamp("us")).take(encoded.indices)
    at = rows.table.schema.get_field_index("last_trade_time")
    typed = TypedRecords(rows.table.set_column(at, "last_trade_time", column), rows.records, rows.rejected)
    return typed.split({"untyped:last_trade_time": impossible[codes]})


def _wall_time(text: str) -> dt.datetime | None:
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is None and 1990 <= time.year < 2100 else None
