"""``generic_table``: csv or parquet files of any layout, which the universe describes (see ``generic_settings``).

A day's rows are found by a column (``trade_date`` or ``ts``) or by the file's name, an underlying's by a column, the
name, or the root of an OSI symbol. Without ``ts`` the rows are of the close of their root, or of ``snapshot_time``;
with it, rows of one instant are a snapshot.
"""

import datetime as dt
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.calendars.epoch import parse_wall_time, wall_time_us
from resources.lake.digest import table_digest
from resources.providers import generic_columns as columns
from resources.providers.file_pattern import FilePattern
from resources.providers.generic_parquet import ColumnKind, read_mapped, rows_of
from resources.providers.generic_rows import GenericRows
from resources.providers.generic_settings import (
    DATE_FIELDS,
    NUMBER_FIELDS,
    TIME_FIELDS,
    Constant,
    Fault,
    GenericSettings,
    mapping_fault,
)
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.row_files import ParsedSlice, RowFileAdapter
from resources.providers.row_slices import Placing, SliceKey, row_slices
from resources.providers.typed_csv import CsvLayout, TypedRows, read_typed_csv
from resources.providers.underlying_prices import UnderlyingPrice
from resources.providers.vendor_dates import date_of
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

_EPOCH_DAY = dt.date(1970, 1, 1)
_OSI_TAIL = 15


class GenericTableProvider(RowFileAdapter):
    """Chains from a folder of files whose layout the universe describes."""

    format_name = "generic_table"
    settings_model = GenericSettings
    day_column = "trade_date"
    date_formats = ()

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        self.mapping = self.settings.mapping.sources()
        self.times_zone = ZoneInfo(self.settings.times.zone or universe.timezone)
        self.of_root = {root.root: spec for spec in universe.underlyings for root in spec.roots}
        self.wanted = self._wanted()

    @classmethod
    def settings_fault(cls, universe: UniverseSpec, settings: GenericSettings) -> Fault | None:
        return mapping_fault(universe, settings, FilePattern(settings.files).placeholders)

    def member_wanted(self, name: str) -> bool:
        return not name.endswith("/")

    def _wanted(self) -> dict[str, tuple[ColumnKind, str]]:
        """By column of the file, what it holds and the field that maps it."""
        found: dict[str, tuple[ColumnKind, str]] = {}
        legs = {name: leg.sources() for name in ("call", "put") if (leg := getattr(self.settings, name))}
        for where, sources in {"mapping": self.mapping, **legs}.items():
            for name, source in sources.items():
                if isinstance(source, Constant):
                    continue
                kind: ColumnKind = "text"
                if name in NUMBER_FIELDS:
                    kind = "number"
                elif name in DATE_FIELDS:
                    kind = "date"
                elif name in TIME_FIELDS:
                    kind = "instant"
                found.setdefault(source, (kind, f"provider.settings.{where}.{name}"))
        return found

    # -- whose and of which day ---------------------------------------------------------------------------

    def _cut(self, payload: bytes, name: str) -> dict[SliceKey, bytes]:
        if self.settings.kind == "csv":
            return super()._cut(payload, name)
        return self._parquet_slices(payload, name)

    def text_slices(self, text: bytes, name: str) -> dict[SliceKey, bytes]:
        delimiter = self.settings.delimiter
        if self.settings.columns is None:
            header, _, body = text.partition(b"\n")
            names = [cell.strip().strip('"') for cell in header.decode().strip("\r").split(delimiter)]
        else:
            names, body = list(self.settings.columns), text
        for column, (_, where) in self.wanted.items():
            if names.count(column) != 1:
                raise UnreadablePayloadError(
                    f"{name} has {'no' if column not in names else 'several'} column {column!r}, which {where} "
                    f"maps (its header: {delimiter.join(names)[:200]!r})"
                )
        sources = self._key_sources()
        day, symbol = self._named(name)
        positions = [names.index(source) for source in sources]

        def key_of(cells: tuple[str, ...]) -> SliceKey | Placing:
            given = dict(zip(sources, cells, strict=True))
            return self._place(given, day, symbol)

        return row_slices(body, delimiter.join(names).encode(), positions, key_of, delimiter)

    def _parquet_slices(self, payload: bytes, name: str) -> dict[SliceKey, bytes]:
        day, symbol = self._named(name)
        keys: list[SliceKey | Placing] = []

        def keep(group: pa.Table) -> NDArray[np.bool_]:
            found = self._table_keys(group, day, symbol)
            keys.extend(found)
            return np.ones(group.num_rows, dtype=bool)

        table = read_mapped(payload, name, self.wanted, keep)
        groups: dict[SliceKey, list[int]] = {}
        before: SliceKey | Placing = next((k for k in keys if not isinstance(k, Placing)), Placing.OTHER)
        for position, key in enumerate(keys):
            before = before if key is Placing.UNPLACED else key
            if not isinstance(before, Placing):
                groups.setdefault(before, []).append(position)
        return {key: _as_bytes(table.take(pa.array(rows))) for key, rows in groups.items()}

    def _table_keys(
        self, group: pa.Table, day: dt.date | None, symbol: str | None
    ) -> list[SliceKey | Placing]:
        sources = self._key_sources()
        if not sources:
            return [self._place({}, day, symbol)] * group.num_rows
        cells = [pc.fill_null(self._key_texts(group.column(source)), "").to_pylist() for source in sources]
        known: dict[tuple[str, ...], SliceKey | Placing] = {}
        keys = []
        for given in zip(*cells, strict=True):
            if given not in known:
                known[given] = self._place(dict(zip(sources, given, strict=True)), day, symbol)
            keys.append(known[given])
        return keys

    def _key_texts(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Key cells as a csv would write them."""
        if pa.types.is_timestamp(column.type):
            return pc.strftime(
                column, format="%Y-%m-%dT%H:%M:%S%z" if column.type.tz else "%Y-%m-%dT%H:%M:%S"
            )
        return column.cast(pa.string())

    def slice_digest(self, text: bytes) -> str:
        if self.settings.kind == "csv":
            return super().slice_digest(text)
        return table_digest(_as_table(text))

    def _key_sources(self) -> list[str]:
        """Columns of the file that say whose and of which day a row is."""
        names = ["trade_date"] if "trade_date" in self.mapping else ["ts"]
        names.append("underlying" if "underlying" in self.mapping else "symbol")
        if names[1] == "symbol" and not (self.settings.symbol_rule or self.settings.underlying_rows):
            names.pop()
        found = [self.mapping[name] for name in names if name in self.mapping]
        return [source for source in dict.fromkeys(found) if not isinstance(source, Constant)]

    def _named(self, name: str) -> tuple[dt.date | None, str | None]:
        """Day and vendor symbol that the file's name gives."""
        file = self.pattern.read(name.split(".zip/")[0] + (".zip" if ".zip/" in name else ""))
        if file is None:
            return None, None
        single = file.days is not None and file.days[0] == file.days[1] and self.pattern.names_days
        return file.days[0] if file.days and single else None, file.underlying

    def _place(self, given: dict[str, str], day: dt.date | None, symbol: str | None) -> SliceKey | Placing:
        spec = self._spec_of(given, symbol)
        if isinstance(spec, Placing):
            return spec
        for name in ("trade_date", "ts"):
            source = self.mapping.get(name)
            if isinstance(source, str):
                day = self._day_of(given[source], name)
                break
        return Placing.UNPLACED if day is None else (spec.source_symbol, day.isoformat())

    def _spec_of(self, given: dict[str, str], symbol: str | None) -> UnderlyingSpec | Placing:
        source = self.mapping.get("underlying")
        if isinstance(source, str):
            symbol = given[source]
        elif symbol is None and self.settings.symbol_rule:
            text = given[str(self.mapping["symbol"])].replace(" ", "")
            if not text:
                return Placing.UNPLACED
            own = self.by_name.get(text.upper()) or self.of_root.get(text[:-_OSI_TAIL])
            return own or Placing.OTHER
        elif symbol is None:
            return self.universe.underlyings[0]
        if not symbol:
            return Placing.UNPLACED
        return self.by_name.get(symbol.upper()) or Placing.OTHER

    def _day_of(self, text: str, name: str) -> dt.date | None:
        if name == "trade_date":
            iso = text[:10] if self.settings.kind == "parquet" and len(text) > 10 else text
            formats = (self.settings.dates.format, "%Y-%m-%d")
            return date_of(iso, formats if self.settings.kind == "parquet" else formats[:1])
        return _local_day(
            text,
            self.settings.times.format,
            self.times_zone,
            self.zone,
            self.settings.kind == "parquet",
        )

    # -- rows ---------------------------------------------------------------------------------------------

    def parse_slice(
        self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart, text: bytes
    ) -> ParsedSlice:
        rows = GenericRows(self.settings, spec, self.times_zone, self.zone)
        typed, spot = rows.without_underlying_rows(rows.judged(self._typed(text, part.name), trade_date))
        if not len(typed):
            parsed = self.parsed(spec.symbol, trade_date, part, None, typed.rejected, None)
            return parsed, None
        ts_us, ids = self._snapshots(typed, rows, trade_date)
        quotes = rows.quote_rows(typed, ts_us, ids, spot)
        last_us = int(ts_us.max())
        claims = last_us if "ts" in self.mapping else None
        spots = quotes.values["spot"].filter(pa.array(quotes.ts_us == last_us)).drop_null().to_numpy()
        known = UnderlyingPrice(spec.symbol, last_us, close=float(np.median(spots))) if len(spots) else None
        return self.parsed(spec.symbol, trade_date, part, quotes, typed.rejected, claims), known

    def _typed(self, text: bytes, name: str) -> TypedRows:
        required = frozenset(
            source
            for field in ("trade_date", "expiry", "strike", "right", "symbol", "root", "ts")
            if isinstance(source := self.mapping.get(field), str)
        )
        if self.settings.kind == "parquet":
            return rows_of(_as_table(text), required)
        layout = CsvLayout(
            columns={
                column: pa.float64() if kind == "number" else pa.string()
                for column, (kind, _) in self.wanted.items()
            },
            required=required,
            others_allowed=True,
            null_texts=self.settings.nulls.texts,
            delimiter=self.settings.delimiter,
        )
        return read_typed_csv(text, layout, name)

    def _snapshots(
        self, typed: TypedRows, rows: GenericRows, trade_date: dt.date
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Time and number of each row's snapshot."""
        source = self.mapping.get("ts")
        if isinstance(source, str):
            values, _ = columns.instants_us(typed, source, self.settings, self.times_zone)
            us = values.to_numpy(zero_copy_only=False).astype(np.int64)
            _, ids = np.unique(us, return_inverse=True)
            return us, ids.astype(np.int32)
        ids = np.zeros(len(typed), dtype=np.int32)
        if self.settings.snapshot_time is None:
            return self.closing_instants_us(rows.roots(typed), trade_date), ids
        wall = parse_wall_time(self.settings.snapshot_time)
        return np.full(
            len(typed), wall_time_us(trade_date, wall, self.universe.timezone), dtype=np.int64
        ), ids


@lru_cache(maxsize=100_000)
def _local_day(text: str, form: str, times_zone: ZoneInfo, zone: ZoneInfo, plain: bool) -> dt.date | None:
    us = columns.instant_of(text, form, times_zone)
    if us is None and plain:
        us = columns.instant_of(text, "iso", times_zone)
    if us is None or not 0 <= us < columns.LAST_US:
        return None
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=us)).astimezone(zone).date()


def _as_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _as_table(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.BufferReader(data)).read_all().combine_chunks()
