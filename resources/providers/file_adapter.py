"""What the adapters that read files have in common: the universe's terms, and how results are put together."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from engine.calendars import TradingCalendar, trading_close_us
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, lines_by_day, text_digest, unpacked
from resources.providers.payload_text import column_position as position_of
from resources.providers.protocol import ParsedDay, ParsedPrices, ParsedUnderlying, ProviderError
from resources.providers.quarantine import rejected_table
from resources.providers.quote_table import QuoteRows, empty_quotes, quote_table
from resources.providers.typed_csv import RejectedRow, TypedRows
from resources.raw_store import QUOTES as QUOTES
from resources.raw_store import RawPart
from resources.universe import UniverseSpec

UNDERLYING_PRICES = "underlying_prices"
SETTLEMENT_PRICES = "settlement_prices"


class AdapterSettings(BaseModel):
    """What a universe may set for its format under ``provider.settings``; nothing by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileAdapter(ABC):
    """Base of the adapters for a folder of files."""

    #: as the universe's YAML names it; also the ``source`` column of every row
    format_name: str
    #: the format's own fields under ``provider.settings``
    settings_model: type[AdapterSettings] = AdapterSettings

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        self.universe = universe
        self.folder = folder
        self.settings: Any = self.settings_model.model_validate(universe.provider.settings)
        self.terms = universe.root_terms()
        self.zone = ZoneInfo(universe.timezone)
        # the methods used here also answer beyond this range
        self.calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )

    @classmethod
    def settings_fault(
        cls, universe: UniverseSpec, settings: Any
    ) -> tuple[tuple[str | int, ...], str] | None:
        """A setting that does not fit the rest of the universe: its place below ``settings`` and the rule."""
        return None

    @classmethod
    def needs_folder(cls, settings: Any) -> bool:
        """Whether ``provider.path`` must name a folder."""
        return True

    @property
    def mode(self) -> Literal["historical", "snapshot_only"]:
        """As the universe declares it."""
        return self.universe.provider.mode

    def require_folder(self) -> Path:
        """The folder of the files.

        Raises
        ------
        ProviderError
            If it does not exist. Parsing stored payloads does not need it.
        """
        if not self.folder.is_dir():
            raise ProviderError(
                f"universe {self.universe.name}: the folder {self.folder} does not exist; check provider.path "
                "in its YAML, or name the data folder with --data or OPTIX_REAL_DATA"
            )
        return self.folder

    def whole_part(self, kind: str, underlying: str | None, path: Path) -> RawPart:
        """A file that belongs to one day as a whole."""
        name = path.relative_to(self.folder).as_posix()
        return RawPart.whole(kind, underlying, name, str(path), path.read_bytes())

    def day_part(self, kind: str, path: Path, column: str, trade_date: dt.date) -> RawPart | None:
        """The part of a file of many days that belongs to one; None where it has no line of it.

        A file that cannot be read is a part as a whole: what was received is kept, and ``parse`` says why
        it cannot be used.
        """
        name = path.relative_to(self.folder).as_posix()
        payload = path.read_bytes()
        try:
            text = day_slice(payload, name, column, trade_date.isoformat())
        except UnreadablePayloadError:
            return RawPart.whole(kind, None, name, str(path), payload)
        if text is None:
            return None
        return RawPart(
            kind, None, name, str(path), payload, f"{column}={trade_date.isoformat()}", text_digest(text)
        )

    def closing_instants_us(self, roots: pa.Array, trade_date: dt.date) -> NDArray[np.int64]:
        """When quotes of each row's root stop on a session, int64[n] UTC microseconds.

        Raises
        ------
        UnreadablePayloadError
            If the day is no session, so that nobody knows when its closing quotes were taken.
        """
        encoded = roots.dictionary_encode()
        if not self.calendar.is_session(trade_date):
            raise UnreadablePayloadError(
                f"{trade_date} is no session of {self.universe.calendar}, so its closing quotes have no time; "
                "correct the day, or the universe's calendar"
            )
        closes = [
            trading_close_us(self.terms[root], trade_date, self.calendar)
            for root in encoded.dictionary.to_pylist()
        ]
        return np.array(closes or [0], dtype=np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]

    @abstractmethod
    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        """See ``Provider.parse``."""

    def parse_prices(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedPrices:
        """Prices that stand in the rows of the quotes: the whole day is parsed for them."""
        day = self.parse(trade_date, parts)
        instants = {name: u.payload_ts_us for name, u in day.underlyings.items()}
        return ParsedPrices(
            trade_date, day.underlying_prices, {n: ts for n, ts in instants.items() if ts is not None}
        )

    def parsed(
        self,
        underlying: str,
        trade_date: dt.date,
        part: RawPart,
        rows: QuoteRows | None,
        rejected: Sequence[RejectedRow],
        payload_ts_us: int | None,
        problem: str | None = None,
        snapshot_payload_ts_us: Mapping[int, int] | None = None,
    ) -> ParsedUnderlying:
        """One underlying's result; ``harvest_id`` is the start of its part's slice digest."""
        harvest_id = part.slice_digest[:12]
        quotes = (
            empty_quotes()
            if rows is None or problem
            else quote_table(
                rows,
                underlying=underlying,
                trade_date=trade_date,
                terms=self.terms,
                calendar=self.calendar,
                known_after_minutes=self.universe.provider.known_after_minutes,
                source=self.format_name,
                harvest_id=harvest_id,
            )
        )
        aside = self.set_aside(underlying, trade_date, part, rejected)
        return ParsedUnderlying(
            underlying, quotes, payload_ts_us, aside, problem, dict(snapshot_payload_ts_us or {})
        )

    def set_aside(
        self, underlying: str, trade_date: dt.date, part: RawPart, rows: Sequence[RejectedRow]
    ) -> pa.Table:
        """Rejected rows of one part as ``QUARANTINE_SCHEMA``."""
        return rejected_table(
            rows,
            underlying=underlying,
            trade_date=trade_date,
            source=self.format_name,
            harvest_id=part.slice_digest[:12],
        )


_slices: PayloadCache[dict[str, bytes]] = PayloadCache(kept=8)


def joined_rejections(tables: Sequence[pa.Table]) -> pa.Table:
    """The rejected rows of several parts as one table."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def day_slice(payload: bytes, name: str, column: str, day: str) -> bytes | None:
    """Header and lines of one day of a comma-separated file; None where it has none."""

    def cut() -> dict[str, bytes]:
        text = unpacked(payload, name)
        return lines_by_day(text, position_of(text, column, name))

    return _slices.get(payload, cut, column).get(day)


def outside(column: pa.Array, allowed: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts are none of the allowed ones."""
    encoded = column.dictionary_encode()
    strange = np.array([value not in allowed for value in encoded.dictionary.to_pylist()] or [False])
    return np.asarray(strange[encoded.indices.to_numpy(zero_copy_only=False)], dtype=bool)


def floats(rows: TypedRows, name: str) -> NDArray[np.float64]:
    """A required number column."""
    return np.asarray(rows.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)


def day_numbers(rows: TypedRows, name: str) -> NDArray[np.int32]:
    """A required date column as days since 1970-01-01."""
    return np.asarray(rows.column(name).view(pa.int32()).to_numpy(zero_copy_only=False), dtype=np.int32)


def find_one(folder: Path, stem: str) -> list[Path]:
    """``stem`` or ``stem.gz`` in a folder, whichever exist."""
    return [path for path in (folder / stem, folder / f"{stem}.gz") if path.is_file()]
