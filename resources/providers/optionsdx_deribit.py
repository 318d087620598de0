"""``optionsdx_deribit``: OptionsDX's end-of-day text files of Deribit options, one file per coin and month.

Layout: ``<coin>_eod_<yyyymm>.txt[.gz]``. The header is bracketed (``[QUOTE_DATE]``) and cells have leading
blanks. A file holds many days; a day is harvested as the slice of its ``QUOTE_DATE``.

The vendor's conventions: prices in coin, 0 for no quote; ``MARK_IV`` in percent; ``QUOTE_READTIME``,
``QUOTE_DATE`` and ``EXPIRY_TIME`` are US Eastern, ``QUOTE_UNIXTIME`` and ``EXPIRY_UNIX`` true UTC seconds.
There is no index price: spot is the median forward of the nearest expiry (see ``deribit_rows``). The daily
price file that some collections carry beside it is taken at another hour and is no settlement price, so none is
given.
"""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.providers.deribit_rows import UNDERLYING_CURRENCY, nearest_forward, nullable, snapshots
from resources.providers.file_adapter import QUOTES, FileAdapter, day_numbers, floats, outside
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, lines_by_day, text_digest, unpacked
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, instants, price
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.providers.vendor_clock import local_days
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

_F = pa.float64()
_LAYOUT = CsvLayout(
    columns={
        "QUOTE_UNIXTIME": pa.int64(),
        "QUOTE_READTIME": pa.string(),
        "QUOTE_DATE": pa.date32(),
        "QUOTE_TIME_HOURS": _F,
        "INSTRUMENT_NAME": pa.string(),
        "BASE_CURRENCY": pa.string(),
        "CONTRACT_SIZE": _F,
        "UNDERLYING_INDEX": pa.string(),
        "UNDERLYING_PRICE": _F,
        "EXPIRY_DATE": pa.date32(),
        "EXPIRY_UNIX": pa.int64(),
        "EXPIRY_TIME": _F,
        "DTE": _F,
        "OPTION_RIGHT": pa.string(),
        "STRIKE": _F,
        **dict.fromkeys(("BID_SIZE", "BID_PRICE", "ASK_PRICE", "ASK_SIZE", "OPEN_INTEREST", "VOLUME"), _F),
        **dict.fromkeys(("DELTA", "GAMMA", "VEGA", "THETA", "RHO", "MARK_IV", "STRIKE_DISTANCE_PCT"), _F),
    },
    required=frozenset(
        {
            "QUOTE_UNIXTIME",
            "QUOTE_READTIME",
            "QUOTE_DATE",
            "INSTRUMENT_NAME",
            "BASE_CURRENCY",
            "CONTRACT_SIZE",
            "EXPIRY_DATE",
            "EXPIRY_UNIX",
            "OPTION_RIGHT",
            "STRIKE",
        }
    ),
)
_FILE_NAME = re.compile(r"^(?P<coin>[a-z0-9]+)_eod_\d{6}\.txt(\.gz)?$", re.IGNORECASE)
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_VENDOR_ZONE = ZoneInfo("America/New_York")
_DAY_US = 86_400_000_000


class OptionsDxDeribitProvider(FileAdapter):
    """Coin chains from a folder of OptionsDX month files."""

    format_name = "optionsdx_deribit"

    _slices: ClassVar[PayloadCache[dict[str, bytes]]] = PayloadCache(kept=4)

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        # days of each file by (path, modification time, size), so that a fetch opens only those that matter
        self._known_days: dict[tuple[Path, int, int], frozenset[str]] = {}

    def available_days(self) -> list[dt.date]:
        days: set[str] = set()
        for _, path in self._files():
            days |= self._days_of(path)
        return sorted(dt.date.fromisoformat(day) for day in days if _is_date(day))

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        day = trade_date.isoformat()
        parts = []
        for spec, path in self._files():
            if day not in self._days_of(path):
                continue
            payload = path.read_bytes()
            try:
                text = self._day_slices(payload, path.name)[day]
            except UnreadablePayloadError:
                # received all the same: kept as a whole, and parse says what is wrong with it
                parts.append(RawPart.whole(QUOTES, spec.symbol, path.name, str(path), payload))
                continue
            parts.append(
                RawPart(
                    QUOTES, spec.symbol, path.name, str(path), payload, f"QUOTE_DATE={day}", text_digest(text)
                )
            )
        return parts

    def _days_of(self, path: Path) -> frozenset[str]:
        """The days that a file holds; of an unreadable one, every day of the month that its name claims."""
        status = path.stat()
        key = (path, status.st_mtime_ns, status.st_size)
        if key not in self._known_days:
            try:
                days = frozenset(self._day_slices(path.read_bytes(), path.name))
            except UnreadablePayloadError:
                month = path.name.lower().split("_eod_")[-1][:6]
                days = frozenset(
                    text
                    for number in range(1, 32)
                    if _is_date(text := f"{month[:4]}-{month[4:]}-{number:02d}")
                )
            self._known_days[key] = days
        return self._known_days[key]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = [part for part in parts if part.kind == QUOTES and part.underlying == spec.symbol]
            if not mine:
                continue
            parsed, known = self._parse_coin(spec, trade_date, mine)
            underlyings[spec.symbol] = parsed
            if known is not None:
                prices.append(known)
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=UNDERLYING_CURRENCY,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table)

    def _files(self) -> list[tuple[UnderlyingSpec, Path]]:
        by_coin = {spec.source_symbol.lower(): spec for spec in self.universe.underlyings}
        found = []
        for path in sorted(self.require_folder().iterdir()):
            match = _FILE_NAME.match(path.name)
            if match and match["coin"].lower() in by_coin:
                found.append((by_coin[match["coin"].lower()], path))
        return found

    def _day_slices(self, payload: bytes, name: str) -> dict[str, bytes]:
        return self._slices.get(payload, lambda: _sliced(payload, name))

    def _parse_coin(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> tuple[ParsedUnderlying, UnderlyingPrice | None]:
        part = parts[0]
        if len(parts) > 1:
            names = " and ".join(part.name for part in parts)
            problem = f"{names} both hold {spec.symbol} on {trade_date}; remove one"
            return self.parsed(spec.symbol, trade_date, part, None, (), None, problem), None
        try:
            text = self._day_slices(part.payload, part.name).get(trade_date.isoformat())
            if text is None:
                raise UnreadablePayloadError(f"{part.name} has no row of QUOTE_DATE {trade_date}")
            rows = read_typed_csv(text, _LAYOUT, part.name)
        except UnreadablePayloadError as error:
            return self.parsed(spec.symbol, trade_date, part, None, (), None, str(error)), None
        rows = self._judged(rows, spec, trade_date)
        if not len(rows):
            return self.parsed(spec.symbol, trade_date, part, None, rows.rejected, None), None
        quotes = self._quote_rows(rows)
        payload_ts_us = int(quotes.ts_us.max())
        spot = quotes.values["spot"].filter(pa.array(quotes.ts_us == payload_ts_us))[0].as_py()
        parsed = self.parsed(spec.symbol, trade_date, part, quotes, rows.rejected, payload_ts_us)
        return parsed, UnderlyingPrice(spec.symbol, payload_ts_us, close=spot)

    def _judged(self, rows: TypedRows, spec: UnderlyingSpec, trade_date: dt.date) -> TypedRows:
        """Without the rows that are not this coin's, not this day's, or that contradict themselves."""
        rows = rows.split(
            {
                "untyped:OPTION_RIGHT": outside(rows.column("OPTION_RIGHT"), ("call", "put")),
                "unknown_root": outside(rows.column("BASE_CURRENCY"), [root.root for root in spec.roots]),
                "expiry_out_of_range": expiry_out_of_range(day_numbers(rows, "EXPIRY_DATE"), trade_date),
            }
        )
        taken_us = pc.multiply(rows.column("QUOTE_UNIXTIME"), 1_000_000)
        day = (trade_date - dt.date(1970, 1, 1)).days
        expiry_us = rows.column("EXPIRY_UNIX").to_numpy() * 1_000_000
        sizes = {root.root: root.multiplier for root in spec.roots}
        declared = np.array([sizes[root] for root in rows.column("BASE_CURRENCY").to_pylist()])
        return rows.split(
            {
                "other_day": local_days(taken_us, _VENDOR_ZONE).to_numpy() != day,
                "expiry_time_disagrees": expiry_us
                != day_numbers(rows, "EXPIRY_DATE").astype(np.int64) * _DAY_US + _DAY_US // 3,
                "contract_size_disagrees": floats(rows, "CONTRACT_SIZE") != declared,
            }
        )

    def _quote_rows(self, rows: TypedRows) -> QuoteRows:
        own_us = rows.column("QUOTE_UNIXTIME").to_numpy() * 1_000_000
        read_times = rows.column("QUOTE_READTIME").dictionary_encode()
        # the vendor polls for about a minute; rows of one read time are one snapshot
        labels = np.array(read_times.dictionary.to_pylist())[read_times.indices.to_numpy()]
        ids, ts_us = snapshots(own_us, labels)
        forward = price(rows.column("UNDERLYING_PRICE"))
        expiry_days = day_numbers(rows, "EXPIRY_DATE")
        spot = nearest_forward(
            pc.fill_null(forward, float("nan")).to_numpy(zero_copy_only=False), expiry_days, ts_us, ids
        )
        return QuoteRows(
            roots=rows.column("BASE_CURRENCY"),
            symbols=rows.column("INSTRUMENT_NAME"),
            rights=pc.if_else(pc.equal(rows.column("OPTION_RIGHT"), "call"), "C", "P"),
            expiry_days=expiry_days,
            strikes=floats(rows, "STRIKE"),
            ts_us=ts_us,
            snapshot_ids=ids,
            values={
                "quote_ts": instants(own_us),
                "bid": price(rows.column("BID_PRICE")),
                "ask": price(rows.column("ASK_PRICE")),
                "bid_size": price(rows.column("BID_SIZE")),
                "ask_size": price(rows.column("ASK_SIZE")),
                "volume": rows.column("VOLUME"),
                "open_interest": rows.column("OPEN_INTEREST"),
                "spot": nullable(spot),
                "vendor_forward": forward,
                "vendor_iv": pc.divide(price(rows.column("MARK_IV")), 100.0),
                **{
                    f"vendor_{name.lower()}": rows.column(name)
                    for name in ("DELTA", "GAMMA", "VEGA", "THETA")
                },
            },
        )


def _sliced(payload: bytes, name: str) -> dict[str, bytes]:
    """Header and lines by ``QUOTE_DATE``, with the brackets and the blanks after commas taken away."""
    text = unpacked(payload, name)
    header, newline, body = text.partition(b"\n")
    columns = [cell.strip().strip(b"[]") for cell in header.split(b",")]
    if b"QUOTE_DATE" not in columns:
        raise UnreadablePayloadError(
            f"{name} has no column [QUOTE_DATE] (its header: {header.decode().strip()[:200]}); is it an "
            "OptionsDX file?"
        )
    plain = b",".join(columns) + newline + body.replace(b", ", b",")
    return lines_by_day(plain, columns.index(b"QUOTE_DATE"))


def _is_date(text: str) -> bool:
    if not _DAY.match(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
