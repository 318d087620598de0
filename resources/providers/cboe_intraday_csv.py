"""``cboe_intraday_csv``: CBOE delayed quotes flattened to a CSV per ticker and snapshot, several a day.

Layout: ``data/<ticker>_chain_<YYYYMMDD>_<HHMMSS>.csv[.gz]``, the name telling when it was downloaded
(``file_timezone``, UTC by default). The content tells no time; ``dte`` tells its day. The market shown is
``feed_delay_minutes`` older than the download. The price of the underlying is not in these files. Conventions of
the vendor: ``cboe_rows``.
"""

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers import osi_columns
from resources.providers.cboe_rows import NUMBERS
from resources.providers.cboe_snapshots import CboeSnapshotProvider, Snapshot, Terms
from resources.providers.file_adapter import day_numbers, floats, outside
from resources.providers.file_stamps import FileStamp, file_stamp
from resources.providers.payload_text import UnreadablePayloadError, text_digest, unpacked
from resources.providers.quote_table import expiry_out_of_range
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.typed_records import TypedRecords
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec

_LAYOUT = CsvLayout(
    columns={
        "root": pa.string(),
        "expiration": pa.date32(),
        "dte": pa.int32(),
        "type": pa.string(),
        "strike": pa.float64(),
        "option": pa.string(),
        **dict.fromkeys(NUMBERS, pa.float64()),
        **dict.fromkeys(
            ("mid", "change", "percent_change", "rho", "theo", "open", "high", "low", "prev_day_close"),
            pa.float64(),
        ),
        "tick": pa.string(),
        "last_trade_time": pa.timestamp("us"),
    },
    required=frozenset({"root", "expiration", "dte", "type", "strike", "option"}),
)
_NAME = re.compile(r"^(?P<ticker>.+)_chain_(?P<stamp>\d{8}_\d{6})\.csv(?:\.gz)?$")
_EPOCH_DAY = dt.date(1970, 1, 1)


class CboeIntradayCsvProvider(CboeSnapshotProvider):
    """Chains from a folder of snapshots in CSV."""

    format_name = "cboe_intraday_csv"
    payload_has_time = False

    def files(self, spec: UnderlyingSpec) -> list[tuple[dt.date, Path]]:
        zone = ZoneInfo(self.settings.file_timezone)
        found = []
        for path in (self.folder / "data").glob(f"{spec.source_symbol}_chain_*.csv*"):
            match = _NAME.match(path.name)
            stamp = file_stamp(match["stamp"]) if match and match["ticker"] == spec.source_symbol else None
            if stamp is not None:
                found.append((stamp.local_day(zone, self.zone), path))
        return found

    def read(self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart) -> Snapshot:
        stamp = _stamp_of(part)
        text = unpacked(part.payload, part.name)
        rows = read_typed_csv(text, _LAYOUT, part.name)
        downloaded_us = stamp.at_us(ZoneInfo(self.settings.file_timezone))
        assert downloaded_us is not None  # the name's pattern has a time
        market_us = downloaded_us - self.delay_us
        if not len(rows):
            return Snapshot(part, market_us, text_digest(text), rows)
        told = day_numbers(rows, "expiration").astype(np.int64) - rows.column("dte").to_numpy(
            zero_copy_only=False
        )
        # days are counted on the collector's wall, where the evening of New York may be tomorrow
        own = {(day - _EPOCH_DAY).days for day in (trade_date, stamp.day)}
        other_day = ~np.isin(told, list(own))
        if other_day.all():
            raise UnreadablePayloadError(
                f"{part.name} counts its days to expiry from another day than its name's ({rows.column('option')[0]} "
                f"has dte {rows.column('dte')[0]}); put it under its own day"
            )
        return Snapshot(part, market_us, text_digest(text), rows.split({"other_day": other_day}))

    def contract_terms(self, spec: UnderlyingSpec, trade_date: dt.date, snapshot: Snapshot) -> Terms:
        rows = snapshot.rows.split(
            {
                "untyped:type": outside(snapshot.rows.column("type"), ("Call", "Put")),
                "untyped:option": osi_columns.not_osi(snapshot.rows.column("option")),
                "expiry_out_of_range": expiry_out_of_range(
                    day_numbers(snapshot.rows, "expiration"), trade_date
                ),
            }
        )
        roots = osi_columns.roots_of(rows.column("option"))
        other_root = pc.not_equal(roots, rows.column("root")).to_numpy(zero_copy_only=False).astype(bool)
        differs = osi_columns.disagrees(
            rows.column("option"),
            day_numbers(rows, "expiration"),
            _rights(rows),
            floats(rows, "strike"),
            trade_date,
        )
        rows = rows.split(
            {
                "unknown_root": outside(roots, [root.root for root in spec.roots]),
                "symbol_disagrees": other_root | differs,
            }
        )
        return Terms(
            rows=rows,
            symbols=rows.column("option"),
            roots=osi_columns.roots_of(rows.column("option")),
            rights=_rights(rows),
            expiry_days=day_numbers(rows, "expiration"),
            strikes=floats(rows, "strike"),
        )


def _rights(rows: TypedRows | TypedRecords) -> pa.Array:
    return pc.utf8_slice_codeunits(rows.column("type"), 0, 1)


def _stamp_of(part: RawPart) -> FileStamp:
    match = _NAME.match(Path(part.name).name)
    stamp = file_stamp(match["stamp"]) if match else None
    if stamp is None or stamp.time is None:
        raise UnreadablePayloadError(
            f"{part.name} does not tell when it was taken; name it <ticker>_chain_<YYYYMMDD>_<HHMMSS>.csv"
        )
    return stamp
