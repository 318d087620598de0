"""The index histories that a universe names."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.calendars import TradingCalendar
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ProviderError
from resources.raw_store import RawPart
from resources.reference.parsed import ParsedReference
from resources.reference.prices.bars import PriceContext, PriceFormat
from resources.schemas import INDEX_HISTORY_SCHEMA, KEY
from resources.universe import IndexHistorySpec, UniverseSpec

INDEX_HISTORY = "index_history"


class UnusableHistoryError(ValueError):
    """A price history that cannot be used at all; the message names the file and the way out."""


class IndexHistorySource:
    """Daily bars by the names that the universe gives them."""

    def __init__(
        self, universe: UniverseSpec, paths: Mapping[str, Path], formats: Mapping[str, PriceFormat]
    ) -> None:
        self.universe = universe
        self.paths = paths
        self.formats = formats
        self.calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )

    def fetch(self) -> list[RawPart]:
        """The file of each history.

        Raises
        ------
        ProviderError
            If one does not exist.
        """
        parts = []
        for spec in self.universe.index_histories:
            path = self.paths[spec.name]
            if not path.is_file():
                raise ProviderError(
                    f"universe {self.universe.name}: {path} does not exist; check the path of "
                    f"index_histories {spec.name}"
                )
            payload = path.read_bytes()
            parts.append(RawPart.whole(INDEX_HISTORY, spec.name, path.name, str(path), payload))
        return parts

    def parse(self, parts: Sequence[RawPart]) -> dict[str, ParsedReference]:
        """Bars by the history's name, ``INDEX_HISTORY_SCHEMA`` by day; a history without a file is absent.

        Raises
        ------
        UnusableHistoryError
            If a file cannot be read, or holds nothing of the symbol that is asked for.
        """
        by_name = {part.underlying: part for part in parts}
        return {
            spec.name: self._history(spec, by_name[spec.name])
            for spec in self.universe.index_histories
            if spec.name in by_name
        }

    def _history(self, spec: IndexHistorySpec, part: RawPart) -> ParsedReference:
        file_format = self.formats[spec.format]
        symbol = spec.symbol or spec.name
        context = PriceContext(symbol, self.calendar, spec.known_after_minutes)
        try:
            parsed = file_format.parse(part.payload, part.name, context)
        except UnreadablePayloadError as error:
            raise UnusableHistoryError(f"index history {spec.name}: {error}") from error
        table = parsed.table.filter(pc.equal(parsed.table["name"].cast(pa.string()), symbol))
        if parsed.table.num_rows and not table.num_rows:
            there = ", ".join(sorted(parsed.table["name"].unique().to_pylist())[:10])
            raise UnusableHistoryError(
                f"index history {spec.name}: {part.name} has no {symbol}; it has {there}: set its symbol"
            )
        place = INDEX_HISTORY_SCHEMA.get_field_index("name")
        names = pa.array([spec.name] * table.num_rows, type=KEY)
        table = table.set_column(place, INDEX_HISTORY_SCHEMA.field(place), names)
        return ParsedReference(parsed.file, parsed.rows_in, table, parsed.rejected)
