"""Folders of delimited files whose rows say of which day they are, and mostly of which underlying."""

import datetime as dt
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from resources.providers.archive import texts_of
from resources.providers.file_adapter import QUOTES, AdapterSettings, FileAdapter
from resources.providers.file_pattern import FilePattern, FoundFile
from resources.providers.payload_cache import PayloadCache
from resources.providers.payload_text import UnreadablePayloadError, text_digest
from resources.providers.protocol import ParsedDay, ParsedUnderlying
from resources.providers.row_slices import Placing, SliceKey, row_slices
from resources.providers.underlying_prices import UnderlyingPrice, underlying_table
from resources.providers.vendor_dates import date_of
from resources.raw_store import RawPart
from resources.universe import UnderlyingSpec, UniverseSpec

ParsedSlice = tuple[ParsedUnderlying, UnderlyingPrice | None]


class FilesSettings(AdapterSettings):
    """Settings of a format whose files may be called anything."""

    files: str = Field(default="*.csv")

    @field_validator("files")
    @classmethod
    def _pattern(cls, value: str) -> str:
        FilePattern(value)
        return value


class RowFileAdapter(FileAdapter):
    """Base of the adapters that find their rows by what stands in them, in however many files.

    A whole file is kept as received; the part of an underlying and day is cut out of it and digested alone.
    """

    #: where the settings name no files
    default_files: ClassVar[str] = "*.csv"
    #: the column that says the day, as ``aliases`` call it, and how dates are written
    day_column: ClassVar[str]
    date_formats: ClassVar[tuple[str, ...]]
    #: the column that says the underlying; None where the file's name does
    symbol_column: ClassVar[str | None] = None
    #: from lower-case names of columns to the layout's names; others stay as they are
    aliases: ClassVar[Mapping[str, str]] = {}
    #: what prices of the underlying are in; None for the universe's quote currency
    underlying_currency: ClassVar[str | None] = None

    def __init__(self, universe: UniverseSpec, folder: Path) -> None:
        super().__init__(universe, folder)
        self.pattern = FilePattern(getattr(self.settings, "files", self.default_files))
        self.by_name = {spec.source_symbol.upper(): spec for spec in universe.underlyings}
        self._contents: PayloadCache[dict[SliceKey, bytes]] = PayloadCache(kept=4)
        # what each file holds by (path, modification time, size), so that a fetch opens only those that matter
        self._known: dict[tuple[Path, int, int], frozenset[SliceKey] | None] = {}

    def available_days(self) -> list[dt.date]:
        days: set[dt.date] = set()
        for file in self._files():
            if self.pattern.names_days and file.days:
                days.add(file.days[0])
                continue
            keys = self._keys_of(file)
            if keys is not None:
                days |= {dt.date.fromisoformat(day) for _, day in keys}
            elif file.days:
                # unreadable: something was received for every day that its name claims
                first, last = file.days
                days |= {first + dt.timedelta(days=n) for n in range((last - first).days + 1)}
        return sorted(days)

    def fetch(self, trade_date: dt.date) -> list[RawPart]:
        parts: list[RawPart] = []
        for file in self._files():
            claimed = file.days is None or file.days[0] <= trade_date <= file.days[1]
            if self.pattern.names_days or (keys := self._keys_of(file)) is None:
                if not claimed:
                    continue
            elif all(day != trade_date.isoformat() for _, day in keys):
                continue
            parts += self._parts(file, trade_date)
        return parts

    def _files(self) -> list[FoundFile]:
        """Those of the universe."""
        return [
            file
            for file in self.pattern.files(self.require_folder())
            if file.underlying is None or file.underlying.upper() in self.by_name
        ]

    def _parts(self, file: FoundFile, trade_date: dt.date) -> list[RawPart]:
        name, payload = file.path.relative_to(self.folder).as_posix(), file.path.read_bytes()
        named = None if file.underlying is None else self.by_name[file.underlying.upper()].symbol
        day = trade_date.isoformat()
        try:
            slices = self.slices(payload, name)
        except UnreadablePayloadError:
            # received all the same: kept as a whole, and parse says what is wrong with it
            return [RawPart.whole(QUOTES, named, name, str(file.path), payload)]
        found = [
            RawPart(
                QUOTES,
                spec.symbol,
                name,
                str(file.path),
                payload,
                self._rule(trade_date),
                self.slice_digest(slices[key]),
            )
            for spec in self.universe.underlyings
            if (key := (spec.source_symbol, day)) in slices
        ]
        if not found and self.pattern.names_days:
            # named after a day that it does not hold
            return [RawPart.whole(QUOTES, named, name, str(file.path), payload)]
        return found

    def _rule(self, trade_date: dt.date) -> str:
        """How a record tells which rows of a file are a day's."""
        return f"{self.day_column}={trade_date.isoformat()}"

    def _keys_of(self, file: FoundFile) -> frozenset[SliceKey] | None:
        """The underlyings and days that a file holds; None of an unreadable one."""
        status = file.path.stat()
        key = (file.path, status.st_mtime_ns, status.st_size)
        if key not in self._known:
            name = file.path.relative_to(self.folder).as_posix()
            try:
                self._known[key] = frozenset(self.slices(file.path.read_bytes(), name))
            except UnreadablePayloadError:
                self._known[key] = None
        return self._known[key]

    def parse(self, trade_date: dt.date, parts: Sequence[RawPart]) -> ParsedDay:
        underlyings: dict[str, ParsedUnderlying] = {}
        prices: list[UnderlyingPrice] = []
        for spec in self.universe.underlyings:
            mine = [p for p in parts if p.kind == QUOTES and p.underlying in (spec.symbol, None)]
            if not mine:
                continue
            parsed, price = self._parse_underlying(spec, trade_date, mine)
            underlyings[spec.symbol] = parsed
            if price is not None:
                prices.append(price)
        table = underlying_table(
            prices,
            trade_date=trade_date,
            currency=self.underlying_currency or self.universe.quote_currency,
            known_after_minutes=self.universe.provider.known_after_minutes,
            source=self.format_name,
        )
        return ParsedDay(trade_date, underlyings, table)

    def _parse_underlying(
        self, spec: UnderlyingSpec, trade_date: dt.date, parts: Sequence[RawPart]
    ) -> ParsedSlice:
        part = parts[0]
        if len(parts) > 1:
            names = " and ".join(sorted(part.name for part in parts))
            problem = f"{names} both hold {spec.symbol} on {trade_date}; remove one"
            part = min(parts, key=lambda part: (part.name, part.slice_digest))
            return self.parsed(spec.symbol, trade_date, part, None, (), None, problem), None
        try:
            if part.slice_rule not in (None, self._rule(trade_date)):
                raise UnreadablePayloadError(
                    f"{part.name} was received as the rows of {part.slice_rule}, not of {trade_date}; harvest that day"
                )
            slices = self.slices(part.payload, part.name)
            text = slices.get((spec.source_symbol, trade_date.isoformat()))
            if text is None:
                held = ", ".join(sorted({f"{symbol} {day}" for symbol, day in slices})[:3]) or "nothing"
                raise UnreadablePayloadError(
                    f"{part.name} has no row of {spec.source_symbol} on {trade_date} (it holds {held}); put it "
                    "under its own day, or remove it"
                )
            return self.parse_slice(spec, trade_date, part, text)
        except UnreadablePayloadError as error:
            return self.parsed(spec.symbol, trade_date, part, None, (), None, one_line(str(error))), None

    def slices(self, payload: bytes, name: str) -> dict[SliceKey, bytes]:
        """The rows of the universe's underlyings in a file, by vendor symbol and ISO date.

        Raises
        ------
        UnreadablePayloadError
            If the file as a whole cannot be read.
        """
        return self._contents.get(payload, lambda: self._cut(payload, name), name)

    def _cut(self, payload: bytes, name: str) -> dict[SliceKey, bytes]:
        found: dict[SliceKey, bytes] = {}
        for label, text in texts_of(payload, name, self.member_wanted):
            for key, rows in self.text_slices(text, label).items():
                if key in found:
                    raise UnreadablePayloadError(
                        f"{name} has two members that hold {key[0]} on {key[1]}; which one counts is not known: "
                        "remove one"
                    )
                found[key] = rows
        return found

    def member_wanted(self, name: str) -> bool:
        """Whether a member of an archive is of the format."""
        return name.lower().endswith((".csv", ".txt"))

    def text_slices(self, text: bytes, name: str) -> dict[SliceKey, bytes]:
        """The rows in one text, its header in the layout's own names.

        Raises
        ------
        UnreadablePayloadError
            If a column that tells them apart is missing.
        """
        header, _, body = text.partition(b"\n")
        names = [self._canonical(cell) for cell in header.decode().strip("\r").split(",")]
        wanted = [self.day_column, *([self.symbol_column] if self.symbol_column else [])]
        missing = [column for column in wanted if column not in names]
        if missing:
            raise UnreadablePayloadError(
                f"{name} has no column {' and '.join(missing)} (its header: {header.decode().strip()[:200]!r}); "
                f"is it a file of the format {self.format_name}?"
            )
        symbol_in_name = None
        if self.symbol_column is None:
            file = self.pattern.read(name.split(".zip/")[0] + (".zip" if ".zip/" in name else ""))
            symbol_in_name = file.underlying if file else None
            if symbol_in_name is None:
                raise UnreadablePayloadError(
                    f"{name} does not say its underlying; name it as {self.default_files}"
                )
        columns = [names.index(column) for column in wanted]
        return row_slices(
            self.plain_body(body),
            ",".join(names).encode(),
            columns,
            lambda cells: self._key_of(cells[0], cells[1] if symbol_in_name is None else symbol_in_name),
        )

    def plain_body(self, body: bytes) -> bytes:
        """The lines below the header as ordinary csv."""
        return body

    def slice_digest(self, text: bytes) -> str:
        """Digest of the rows of a slice."""
        return text_digest(text)

    @abstractmethod
    def parse_slice(
        self, spec: UnderlyingSpec, trade_date: dt.date, part: RawPart, text: bytes
    ) -> ParsedSlice:
        """One underlying's rows of one day, and its own price.

        Raises
        ------
        UnreadablePayloadError
            If nothing of it can be used.
        """

    def _canonical(self, cell: str) -> str:
        name = cell.strip().strip("[]").strip('"').strip()
        return self.aliases.get(name.lower(), name)

    def _key_of(self, day: str, symbol: str) -> SliceKey | Placing:
        spec = self.by_name.get(symbol.upper())
        if spec is None:
            return Placing.OTHER if symbol else Placing.UNPLACED
        found = date_of(day, self.date_formats)
        return Placing.UNPLACED if found is None else (spec.source_symbol, found.isoformat())


def one_line(text: str) -> str:
    """A message without line breaks, whatever the payload put into it."""
    return " ".join(text.split())[:1500]
