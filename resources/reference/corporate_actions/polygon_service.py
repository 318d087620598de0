"""Splits and dividends asked of Polygon (now Massive) itself; ``polygon_actions`` says how its answers are read."""

import datetime as dt
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from engine.instruments.terms import UnderlyingKind
from resources.home import optix_home
from resources.network.addresses import checked_base_url, with_parameters
from resources.network.api_key import api_key_from_environment
from resources.network.clock import Clock, SystemClock
from resources.network.http_client import HttpClient
from resources.network.settings import NetworkSettings
from resources.network.spool import Spool, SpooledAnswer
from resources.network.spooled_client import SpooledClient
from resources.providers.file_adapter import AdapterSettings
from resources.providers.payload_text import UnreadablePayloadError, text_digest
from resources.providers.polygon_api import checker, read_page
from resources.raw_store import RawPart
from resources.reference.corporate_actions.event_rules import InvalidActionsError
from resources.reference.corporate_actions.format import ActionsContext
from resources.reference.corporate_actions.polygon_actions import (
    CHANGING,
    FORMAT,
    NAME,
    answer_rows,
    events_of,
)
from resources.reference.corporate_actions.source import CORPORATE_ACTIONS, ActionsSource, ParsedActions
from resources.universe import UnderlyingSpec, UniverseSpec

_PATHS = {
    "stocks_v1": {"splits": "/stocks/v1/splits", "dividends": "/stocks/v1/dividends"},
    "reference_v3": {"splits": "/v3/reference/splits", "dividends": "/v3/reference/dividends"},
}
_LIMIT = "1000"
_KEPT_SECONDS = 600.0
#: months are materialized one by one; the service is asked once for all of them
_recent: dict[tuple[str, ...], tuple[float, list[RawPart]]] = {}


class PolygonActionsSettings(AdapterSettings):
    """``corporate_actions.settings`` of ``polygon_actions``; ``endpoints`` chooses the service's generation."""

    base_url: str = "https://api.massive.com"
    api_key_variable: str = Field(default="POLYGON_API_KEY", pattern=r"^[A-Z][A-Z0-9_]*$")
    endpoints: Literal["stocks_v1", "reference_v3"] = "stocks_v1"
    network: NetworkSettings = NetworkSettings()


class PolygonActionsSource(ActionsSource):
    """Corporate actions of a universe's stocks and funds; an index has none."""

    def __init__(
        self,
        universe: UniverseSpec,
        settings: PolygonActionsSettings,
        clock: Clock | None = None,
        memos: Path | None = None,
    ) -> None:
        super().__init__(universe, Path(), FORMAT, memos=memos)
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._listed = [
            u for u in universe.underlyings if u.kind in (UnderlyingKind.STOCK, UnderlyingKind.ETF)
        ]

    def fetch(self) -> list[RawPart]:
        """Every page of splits and dividends of each underlying, as received, and the records with memos."""
        return [*self._pages(), *self._memo_parts()]

    def _pages(self) -> list[RawPart]:
        address = checked_base_url(self.settings.base_url, carries_key=True)
        names = [spec.source_symbol for spec in self._listed]
        memory = (address, self.settings.endpoints, str(optix_home()), self.universe.name, *names)
        kept = _recent.get(memory)
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        key = api_key_from_environment(self.settings.api_key_variable, self.universe.name)
        parts = []
        with HttpClient(address, self.settings.network, key=key, clock=self.clock) as http:
            client = SpooledClient(http, self._spool())
            for spec in self._listed:
                for what, path in _PATHS[self.settings.endpoints].items():
                    url = with_parameters(address + path, {"ticker": spec.source_symbol, "limit": _LIMIT})
                    pages = client.pages(url, checker(self.settings.api_key_variable), read_page)
                    parts += [
                        _page(spec, f"{spec.symbol}-{what}-{n:03d}.json", page)
                        for n, page in enumerate(pages, start=1)
                    ]
        _recent[memory] = (time.monotonic(), parts)
        return parts

    def stored(self) -> None:
        """What was fetched is in the raw store: the spool is not needed any more."""
        self._spool().empty()

    def _spool(self) -> Spool:
        today = dt.datetime.fromtimestamp(self.clock.now(), dt.UTC).date()
        return Spool(optix_home() / "spool" / self.universe.name / f"actions-{today.isoformat()}")

    def parse(self, parts: Sequence[RawPart]) -> ParsedActions:
        """Events of the universe's underlyings, sorted by underlying, date, kind.

        All pages are read together: a list that changes while it is paged gives a record twice, and the dividends
        of one day may stand on two pages. Dividends before the universe begins touch none of its contracts.

        Raises
        ------
        InvalidActionsError
            If a page cannot be read, or an event of one of the universe's own underlyings cannot be used.
        """
        by_symbol = {spec.symbol: spec for spec in self._listed}
        records: dict[str, Any] = {}
        try:
            for part in sorted(parts, key=lambda part: part.name):
                spec = by_symbol.get(part.underlying or "")
                if spec is None or part.kind != CORPORATE_ACTIONS:
                    continue  # of an underlying that the universe no longer has
                for row in answer_rows(part.payload, part.name):
                    if isinstance(row, dict) and row.get("ticker") == spec.source_symbol:
                        row = {**row, "ticker": spec.symbol}
                    if not self._is_past(row):
                        told = (
                            {n: v for n, v in row.items() if n not in CHANGING}
                            if isinstance(row, dict)
                            else row
                        )
                        records[json.dumps(told, sort_keys=True)] = row
        except UnreadablePayloadError as error:
            raise InvalidActionsError(str(error)) from error
        context = ActionsContext(self.calendar, self.universe.quote_currency)
        result = events_of(list(records.values()), f"the answers of {NAME}", context)
        self._require_own(result.rejected)
        return ParsedActions(self._own_events([result], parts), result.rejected)

    def _is_past(self, row: object) -> bool:
        day = row.get("ex_dividend_date") if isinstance(row, dict) else None
        return isinstance(day, str) and day < self.universe.start.isoformat()


def _page(spec: UnderlyingSpec, name: str, page: SpooledAnswer) -> RawPart:
    """A page; its digest is of the records only: every answer has an id of its own."""
    rows = [
        {n: v for n, v in row.items() if n not in CHANGING} if isinstance(row, dict) else row
        for row in answer_rows(page.body, name)
    ]
    digest = text_digest(json.dumps(rows, sort_keys=True).encode())
    return RawPart(CORPORATE_ACTIONS, spec.symbol, name, page.url, page.body, "results", digest)
