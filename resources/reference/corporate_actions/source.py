"""The corporate actions of a universe's underlyings, from the files of one format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from engine.calendars import TradingCalendar
from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.related import related_securities
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.protocol import ProviderError
from resources.raw_store import RawPart
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.format import ActionsContext, ActionsFormat, Closes
from resources.reference.corporate_actions.joined_events import joined_events
from resources.reference.corporate_actions.memos_yaml import read_memo_file
from resources.reference.corporate_actions.splits_catalog_json import UNCONFIRMED
from resources.reference.corporate_actions.table import actions_table, to_actions
from resources.reference.parsed import ParsedReference, joined_quarantine
from resources.reference.prices.bars import PriceContext, PriceFormat
from resources.universe import UniverseSpec

CORPORATE_ACTIONS = "corporate_actions"
PRICES = "action_prices"
MEMOS = "action_memos"


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
        memos: Path | None = None,
    ) -> None:
        self.universe = universe
        self.path = path
        self.format = actions_format
        self.prices = prices
        self.memos = memos
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
        return [*parts, *self._memo_parts()]

    def _memo_parts(self) -> list[RawPart]:
        """The file of records with memos, where the universe names one."""
        if self.memos is None:
            return []
        if not self.memos.is_file():
            raise ProviderError(
                f"universe {self.universe.name}: {self.memos} does not exist; check corporate_actions.memos"
            )
        return [self._part(MEMOS, self.memos)]

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
        """Events of the universe's underlyings and of what these hand out, each record with memos in its place.

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
        return ParsedActions(self._own_events(results, parts), rejected)

    def _own_events(self, results: Sequence[ParsedReference], parts: Sequence[RawPart]) -> pa.Table:
        """The events of the universe's underlyings, sorted by underlying, date and the order of a day.

        Events of securities that theirs hand out are kept with them: who holds an option may come to hold those.
        """
        events = [event for result in results for event in to_actions(result.table)]
        recorded: list[CorporateAction] = []
        replaced: set[tuple[str, object]] = set()
        for part in parts:
            if part.kind != MEMOS:
                continue
            for record in read_memo_file(part.payload, part.name).events:
                recorded.append(record.action(self.universe.quote_currency))
                if record.replaces_day:
                    replaced.add((record.underlying, record.effective_date))
        events = joined_events(events, recorded, frozenset(replaced))
        names = set(self._symbols())
        names |= {other for name in names for other in related_securities(events, name)}
        return actions_table([event for event in events if event.underlying in names])

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
                "(corporate_actions.prices), or write the universe's events into a file of format memos_yaml"
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
