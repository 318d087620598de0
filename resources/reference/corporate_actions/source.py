"""The corporate actions of a universe's underlyings, from the files of one format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.calendars import TradingCalendar
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ProviderError
from resources.raw_store import RawPart
from resources.reference.corporate_actions.actions_csv import InvalidActionsError
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat, Closes
from resources.reference.corporate_actions.splits_catalog_json import UNCONFIRMED
from resources.reference.parsed import ParsedReference, joined_quarantine
from resources.reference.prices.bars import PriceContext, PriceFormat
from resources.schemas import CORPORATE_ACTION_SCHEMA
from resources.universe import UniverseSpec

CORPORATE_ACTIONS = "corporate_actions"
PRICES = "action_prices"


@dataclass(frozen=True)
class ParsedActions:
    """Events of the universe's underlyings (``CORPORATE_ACTION_SCHEMA``) and the quarantine of the files."""

    table: pa.Table
    rejected: pa.Table


@dataclass(frozen=True)
class PricesFile:
    """Prices that may settle the date of an event."""

    path: Path
    format: PriceFormat


class ActionsSource:
    """Corporate actions of a universe's underlyings; rows about others are checked, then left out."""

    def __init__(
        self,
        universe: UniverseSpec,
        path: Path,
        actions_format: ActionsFormat,
        prices: PricesFile | None = None,
    ) -> None:
        self.universe = universe
        self.path = path
        self.format = actions_format
        self.prices = prices
        self.calendar = TradingCalendar.for_code(
            universe.calendar, universe.start, universe.end or universe.start
        )

    def fetch(self) -> list[RawPart]:
        """The files.

        Raises
        ------
        ProviderError
            If there are none.
        """
        parts = [self._part(CORPORATE_ACTIONS, path) for path in self._files()]
        if self.prices is not None:
            if not self.prices.path.is_file():
                raise ProviderError(
                    f"universe {self.universe.name}: {self.prices.path} does not exist; check "
                    "corporate_actions.prices.path"
                )
            parts.append(self._part(PRICES, self.prices.path))
        return parts

    def _files(self) -> list[Path]:
        if not self.path.exists():
            raise ProviderError(
                f"universe {self.universe.name}: {self.path} does not exist; check corporate_actions.path"
            )
        files = self.format.files(self.path)
        if not files:
            raise ProviderError(
                f"universe {self.universe.name}: {self.path} holds {self.format.expected}; "
                f"corporate_actions.format is {self.format.name}"
            )
        return self._own(files) if self.format.file_per_symbol else files

    def _own(self, files: list[Path]) -> list[Path]:
        """The files named after the universe's symbols: without one, an underlying would seem to have no event."""
        by_symbol = {path.name.split(".csv")[0].upper(): path for path in files}
        missing = [symbol for symbol in self._symbols() if symbol.upper() not in by_symbol]
        if missing:
            raise ProviderError(
                f"universe {self.universe.name}: {self.path} has no file of {', '.join(missing)}; check "
                f"corporate_actions.path, {self.format.name} needs a file for every underlying"
            )
        return [by_symbol[symbol.upper()] for symbol in self._symbols()]

    def _part(self, kind: str, path: Path) -> RawPart:
        return RawPart.whole(kind, None, path.name, str(path), path.read_bytes())

    def parse(self, parts: Sequence[RawPart]) -> ParsedActions:
        """Events of the universe's underlyings, sorted by underlying, date, kind.

        Raises
        ------
        InvalidActionsError
            If a file cannot be read, or an event of one of the universe's own underlyings is in quarantine: its
            contracts would silently stay unadjusted. Events that are only announced so far (``unconfirmed``)
            are not in force yet and do not count.
        """
        try:
            context = ActionsContext(self.calendar, self.universe.quote_currency, self._closes(parts))
            results = [
                self.format.parse(part.payload, part.name, context)
                for part in parts
                if part.kind == CORPORATE_ACTIONS
            ]
        except UnreadablePayloadError as error:
            raise InvalidActionsError(str(error)) from error
        rejected = joined_quarantine(results)
        self._require_own(rejected)
        return ParsedActions(self._own_events(results), rejected)

    def _own_events(self, results: Sequence[ParsedReference]) -> pa.Table:
        """The events of the universe's underlyings, sorted by underlying, date, kind."""
        if not results:
            return CORPORATE_ACTION_SCHEMA.empty_table()
        events = pa.concat_tables([result.table for result in results])
        mine = events.filter(pc.is_in(events["underlying"].cast(pa.string()), pa.array(self._symbols())))
        order = [(name, "ascending") for name in ("underlying", "effective_date", "kind")]
        return _sorted(mine, order)

    def _symbols(self) -> list[str]:
        return sorted(spec.symbol for spec in self.universe.underlyings)

    def _require_own(self, rejected: pa.Table) -> None:
        own = [
            f"{row['symbol']} {row['day']}: {', '.join(row['reasons'])} ({row['file']}: {row['raw'][:300]})"
            for row in rejected.to_pylist()
            if row["symbol"] in self._symbols() and row["reasons"] != [UNCONFIRMED]
        ]
        if own:
            raise InvalidActionsError(
                f"universe {self.universe.name}: {len(own)} event{'s' * (len(own) > 1)} of its underlyings "
                "cannot be used:\n" + "\n".join(own[:20]) + "\nname prices that tell "
                "(corporate_actions.prices), or write the universe's events into a file of format actions_csv"
            )

    def _closes(self, parts: Sequence[RawPart]) -> dict[str, Closes]:
        found: dict[str, Closes] = {}
        for part in parts:
            if part.kind != PRICES or self.prices is None:
                continue
            context = PriceContext("", self.calendar, 0)
            bars = self.prices.format.parse(part.payload, part.name, context).table
            names = bars["name"].cast(pa.string())
            for symbol in pc.unique(names).to_pylist():
                mine = bars.filter(pc.equal(names, symbol))
                days = mine["trade_date"].cast(pa.int32()).to_numpy()
                found[symbol] = Closes(days, mine["close"].to_numpy())
        return found


def _sorted(table: pa.Table, order: list[tuple[str, str]]) -> pa.Table:
    plain = pa.table({name: _plain(table[name]) for name, _ in order})
    return table.take(pc.sort_indices(plain, sort_keys=order)).unify_dictionaries().combine_chunks()


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
