"""The earnings dates of a universe's underlyings."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ProviderError
from resources.raw_store import RawPart
from resources.reference.parsed import ParsedReference, joined_quarantine
from resources.schemas import EARNINGS_SCHEMA
from resources.universe import UniverseSpec

EARNINGS = "earnings_dates"
EarningsReader = Callable[[bytes, str], ParsedReference]


class UnusableEarningsError(ValueError):
    """Earnings dates that cannot be used at all; the message names the file and the way out."""


class EarningsSource:
    """Earnings dates of a universe's underlyings; rows about others are checked, then left out."""

    def __init__(self, universe: UniverseSpec, path: Path, read: EarningsReader) -> None:
        self.universe = universe
        self.path = path
        self.read = read

    def fetch(self) -> list[RawPart]:
        """The file.

        Raises
        ------
        ProviderError
            If it does not exist.
        """
        if not self.path.is_file():
            raise ProviderError(
                f"universe {self.universe.name}: {self.path} does not exist; check earnings.path"
            )
        return [RawPart.whole(EARNINGS, None, self.path.name, str(self.path), self.path.read_bytes())]

    def parse(self, parts: Sequence[RawPart]) -> tuple[pa.Table, pa.Table]:
        """``EARNINGS_SCHEMA`` by underlying and date, and the quarantine of the file.

        Raises
        ------
        UnusableEarningsError
            If the file cannot be read.
        """
        try:
            results = [self.read(part.payload, part.name) for part in parts]
        except UnreadablePayloadError as error:
            raise UnusableEarningsError(str(error)) from error
        tables = [result.table for result in results] or [EARNINGS_SCHEMA.empty_table()]
        dates = pa.concat_tables(tables)
        wanted = pa.array(sorted(spec.symbol for spec in self.universe.underlyings))
        mine = dates.filter(pc.is_in(dates["underlying"].cast(pa.string()), wanted))
        return mine.combine_chunks(), joined_quarantine(results)
