"""``tardis_options_chain``: Tardis's tick files of option chains, a venue and day a file
(https://docs.tardis.dev/downloadable-csv-files/data-types#options_chain).

Layout: ``<exchange>_options_chain_<YYYY-MM-DD>_<symbols>.csv[.gz]``, or ``files`` in the settings. A file holds every
update of every option of the venue; here it becomes snapshots at declared times: ``interval_minutes`` apart from
``first_time`` UTC on, each with the last update of each unexpired instrument that had arrived (``local_timestamp``) at
or before it. ``quote_ts`` is that update's own time. A snapshot after the last row of a file is not taken. The file is
read as a stream; what is kept is a few snapshots.

The vendor's conventions: microseconds UTC; prices as the venue quotes them (Deribit: coin); an empty cell, or 0, where
there is none; volatilities as the venue's percentages (``volatility`` in the settings, for venues with decimals);
``underlying_price`` is the forward of the expiry, so spot is that of the nearest (see ``deribit_rows``). A symbol's
last three parts are expiry, strike and right; what stands before them is its root, and roots that the universe does
not have are other people's.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from resources.providers.deribit_rows import UNDERLYING_CURRENCY, nearest_forward, nullable
from resources.providers.file_adapter import QUOTES, FileAdapter, floats, outside
from resources.providers.file_pattern import FilePattern
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.quote_table import QuoteRows, expiry_out_of_range, instants, price
from resources.providers.row_files import FilesSettings, one_line
from resources.providers.tardis_rows import GREEKS, typed_blocks
from resources.providers.tick_sampling import LastStateSampler
from resources.providers.typed_csv import RejectedRow, TypedRows
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

_PARTS = r"^(?P<root>.+)-[^-]+-[^-]+-(?P<right>[CP])$"
_DAY_US = 86_400_000_000
_MINUTE_US = 60_000_000
#: an update's own time lies within these days before its arrival
_OLDEST_DAYS = 7
_MOST_REJECTED = 50_000


@dataclass(frozen=True)
class _Sampled:
    """What one file gave: position, time and state of each snapshot; rows set aside with their root, None where they
    name none; and when its last row arrived."""

    snapshots: list[tuple[int, int, pa.Table]]
    rejected: list[tuple[str | None, RejectedRow]]
    last_us: int | None


class TardisSettings(FilesSettings):
    """What a universe may set."""

    files: str = Field(default="*options_chain_{date}*.csv")
    exchange: str = "deribit"
    interval_minutes: int = Field(default=60, ge=1, le=1440)
    #: UTC, of the first snapshot; one at midnight would hold what had arrived before the file began
    first_time: str = Field(default="01:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    volatility: Literal["percent", "decimal"] = "percent"


class TardisOptionsChainProvider(FileAdapter):
    """Coin chains at declared times from a folder of Tardis's tick files."""

    format_name = "tardis_options_chain"
    settings_model = TardisSettings

    _sampled: ClassVar[PayloadCache[_Sampled]] = PayloadCache(kept=2)

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        self.pattern = FilePattern(self.settings.files)

    @classmethod
    def settings_fault(
        cls, universe: UniverseSpec, settings: TardisSettings
    ) -> tuple[tuple[str | int, ...], str] | None:
        if not FilePattern(settings.files).names_days:
            return ("files",), "must have {date} or {yyyymmdd}: a file of ticks is not opened to find its day"
        if universe.timezone != "UTC":
            return (
                (),
                f"files hold days of UTC, and the universe's timezone is {universe.timezone}; make it UTC",
            )
        return None

    def available_days(self) -> list[dt.date]:
        found = self.pattern.files(self.require_folder())
        return sorted({file.days[0] for file in found if file.days})

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        return [
            self.whole_part(QUOTES, None, file.path)
            for file in self.pattern.files(self.require_folder())
            if file.days and file.days[0] == trade_date
        ]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        mine = sorted((part for part in parts if part.kind == QUOTES), key=lambda part: part.name)
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings if mine else ():
            parsed, known = self._parse_underlying(spec, trade_date, mine)
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

    def _parse_underlying(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> tuple[ParsedUnderlying, UnderlyingPrice | None]:
        part = parts[0]
        if len(parts) > 1:
            names = " and ".join(part.name for part in parts)
            problem = f"{names} both claim {trade_date}; remove one, or name one by files in the settings"
            return self.parsed(spec.symbol, trade_date, part, None, (), None, problem), None
        label = f"{trade_date} {self.settings} {sorted(self.terms)}"
        try:
            sampled = self._sampled.get(part.payload, lambda: self._sample(part, trade_date), label)
        except UnreadablePayloadError as error:
            problem = one_line(str(error))
            return self.parsed(spec.symbol, trade_date, part, None, (), None, problem), None
        roots = [root.root for root in spec.roots]
        # a row that names no root is anybody's; it stands with the first underlying
        first = spec.symbol == self.universe.underlyings[0].symbol
        rejected = [row for root, row in sampled.rejected if root in roots or (root is None and first)]
        tables = [
            (position, at_us, table.filter(pc.is_in(table.column("root"), pa.array(roots))))
            for position, at_us, table in sampled.snapshots
        ]
        tables = [entry for entry in tables if entry[2].num_rows]
        if not tables:
            return self.parsed(spec.symbol, trade_date, part, None, rejected, sampled.last_us), None
        quotes = self._quote_rows(tables)
        parsed = self.parsed(spec.symbol, trade_date, part, quotes, rejected, sampled.last_us)
        last_us = int(quotes.ts_us.max())
        spot = quotes.values["spot"].filter(pa.array(quotes.ts_us == last_us))[0].as_py()
        return parsed, UnderlyingPrice(spec.symbol, last_us, close=spot)

    def _sample(self, part: RawPart, trade_date: dt.date) -> _Sampled:
        """Stream the file once."""
        day_us = (trade_date - dt.date(1970, 1, 1)).days * _DAY_US
        hour, minute = (int(text) for text in self.settings.first_time.split(":"))
        times_us = np.arange(
            day_us + (hour * 60 + minute) * _MINUTE_US,
            day_us + _DAY_US,
            self.settings.interval_minutes * _MINUTE_US,
            dtype=np.int64,
        )
        sampler = LastStateSampler(times_us, "symbol")
        rejected: list[tuple[str | None, RejectedRow]] = []
        latest_us = -1
        for rows in typed_blocks(part):
            arrival_us = rows.column("local_timestamp").to_numpy()
            today = (arrival_us >= day_us) & (arrival_us < day_us + _DAY_US)
            if latest_us < 0 and len(rows) and not today.any():
                found = dt.datetime(1970, 1, 1) + dt.timedelta(
                    microseconds=int(np.clip(arrival_us[0], 0, 4e15))
                )
                raise UnreadablePayloadError(
                    f"{part.name} holds updates of {found:%Y-%m-%d}, not of {trade_date}; put it under its own day"
                )
            before = (
                np.maximum.accumulate(np.where(today, arrival_us, latest_us)) if len(rows) else arrival_us
            )
            late = today & (arrival_us < np.maximum(latest_us, before))
            rows = rows.split({"other_day": ~today, "out_of_order": late})
            if len(rows):
                latest_us = max(latest_us, int(rows.column("local_timestamp").to_numpy().max()))
            table, aside = self._judged(rows, trade_date)
            rejected += aside
            if len(rejected) > _MOST_REJECTED:
                raise UnreadablePayloadError(
                    f"{part.name} has more than {_MOST_REJECTED} rows that cannot be used, such as "
                    f"{', '.join(rejected[-1][1].reasons)}; is it of the declared format and exchange?"
                )
            sampler.add(table, table.column("local_timestamp").combine_chunks().to_numpy())
        snapshots = []
        for position, state in sampler.snapshots(latest_us):
            alive = pc.greater(state.column("expiration"), int(times_us[position]))
            snapshots.append((position, int(times_us[position]), state.filter(alive)))
        return _Sampled(snapshots, rejected, latest_us if latest_us >= 0 else None)

    def _judged(
        self, rows: TypedRows, trade_date: dt.date
    ) -> tuple[pa.Table, list[tuple[str | None, RejectedRow]]]:
        """The universe's rows with their root, and those set aside with theirs where they have one."""
        symbols = rows.column("symbol").dictionary_encode()
        parts = pc.extract_regex(symbols.dictionary, _PARTS)
        roots, rights = (pc.struct_field(parts, name).take(symbols.indices) for name in ("root", "right"))
        ours = ~outside(pc.fill_null(roots, ""), list(self.terms)) | roots.is_null().to_numpy(
            zero_copy_only=False
        )
        aside: list[tuple[str | None, RejectedRow]] = [(None, row) for row in rows.rejected]
        rows = replace(rows.only(ours), rejected=[])
        roots, rights = roots.filter(pa.array(ours)), rights.filter(pa.array(ours))
        expires_us = rows.column("expiration").to_numpy()
        expiry_days = np.clip(expires_us // _DAY_US, -(2**31), 2**31 - 1).astype(np.int32)
        own_us, arrival_us = (rows.column(name).to_numpy() for name in ("timestamp", "local_timestamp"))
        kinds = rows.column("type")
        expected = pc.if_else(pc.equal(kinds, "call"), "C", "P")
        faults: dict[str, NDArray[np.bool_]] = {
            "other_exchange": outside(rows.column("exchange"), [self.settings.exchange]),
            "untyped:symbol": roots.is_null().to_numpy(zero_copy_only=False),
            "untyped:type": outside(kinds, ("call", "put")),
            "symbol_disagrees": np.asarray(
                pc.fill_null(pc.not_equal(rights, expected), False).to_numpy(zero_copy_only=False), dtype=bool
            ),
            "expiry_out_of_range": expiry_out_of_range(expiry_days, trade_date),
            "expiry_time_disagrees": expires_us % _DAY_US != _DAY_US // 3,
            "untyped:timestamp": (own_us > arrival_us + _DAY_US)
            | (own_us < arrival_us - _OLDEST_DAYS * _DAY_US),
        }
        bad = np.logical_or.reduce(list(faults.values()))
        kept = rows.split(faults)
        names = roots.filter(pa.array(bad)).to_pylist()
        aside += list(zip(names, kept.rejected, strict=True))
        return kept.table.append_column("root", roots.filter(pa.array(~bad))), aside

    def _quote_rows(self, tables: Sequence[tuple[int, int, pa.Table]]) -> QuoteRows:
        table = pa.concat_tables([entry[2] for entry in tables]).combine_chunks()
        sizes = [entry[2].num_rows for entry in tables]
        ids = np.repeat(np.array([entry[0] for entry in tables], dtype=np.int32), sizes)
        ts_us = np.repeat(np.array([entry[1] for entry in tables], dtype=np.int64), sizes)
        rows = TypedRows(table, [], np.arange(table.num_rows), b"", [])
        expiry_days = (rows.column("expiration").to_numpy() // _DAY_US).astype(np.int32)
        forward = price(rows.column("underlying_price"))
        spot = nearest_forward(
            pc.fill_null(forward, float("nan")).to_numpy(zero_copy_only=False), expiry_days, ts_us, ids
        )
        scale = 0.01 if self.settings.volatility == "percent" else 1.0
        return QuoteRows(
            roots=rows.column("root"),
            symbols=rows.column("symbol"),
            rights=pc.if_else(pc.equal(rows.column("type"), "call"), "C", "P"),
            expiry_days=expiry_days,
            strikes=floats(rows, "strike_price"),
            ts_us=ts_us,
            snapshot_ids=ids,
            values={
                "quote_ts": instants(rows.column("timestamp").to_numpy()),
                "bid": price(rows.column("bid_price")),
                "ask": price(rows.column("ask_price")),
                "last": price(rows.column("last_price")),
                "mark": price(rows.column("mark_price")),
                "bid_size": price(rows.column("bid_amount")),
                "ask_size": price(rows.column("ask_amount")),
                "open_interest": rows.column("open_interest"),
                "spot": nullable(spot),
                "vendor_forward": forward,
                "vendor_iv": pc.multiply(price(rows.column("mark_iv")), scale),
                **{f"vendor_{name}": rows.column(name) for name in GREEKS},
            },
        )
