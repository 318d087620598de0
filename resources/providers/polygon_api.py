"""Asking Polygon (now Massive): which requests make a snapshot, and what its answers mean.

massive.com/docs/rest: "Option Chain Snapshot" (GET /v3/snapshot/options/{underlyingAsset}), "Custom Bars" (GET
/v2/aggs/ticker/{ticker}/range/...), "Quickstart" (the key as a bearer token; ``next_url`` for the next page).
Times are nanoseconds UTC (bars: milliseconds), volatilities decimals, prices per share.
"""

import datetime as dt
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from resources.network.addresses import checked_base_url, with_parameters
from resources.network.errors import NetworkError, TransientResponseError
from resources.network.http_client import Answer, Check
from resources.network.settings import NetworkSettings
from resources.providers.file_adapter import AdapterSettings
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.strict_json import strict_json

_SNAPSHOT_LIMIT = 250
_BARS_LIMIT = 50_000
#: ``DELAYED`` is an answer like ``OK``, of a plan without the last 15 minutes
_GOOD = ("OK", "DELAYED")


class PolygonSettings(AdapterSettings):
    """``provider.settings`` of ``polygon_snapshot``.

    Attributes
    ----------
    source
        ``network`` asks the service, ``files`` reads the answers saved in ``provider.path``.
    api_key_variable
        The environment variable that holds the key.
    """

    source: Literal["network", "files"] = "network"
    base_url: str = "https://api.massive.com"
    api_key_variable: str = Field(default="POLYGON_API_KEY", pattern=r"^[A-Z][A-Z0-9_]*$")
    network: NetworkSettings = NetworkSettings()

    @property
    def address(self) -> str:
        """Where the service is."""
        return checked_base_url(self.base_url, carries_key=True)


def checker(api_key_variable: str) -> Check:
    """The check of an answer, which names the key's variable where the key is refused."""

    def check(answer: Answer) -> None:
        if answer.status in (401, 403):
            raise NetworkError(
                f"HTTP {answer.status}: the key in {api_key_variable} is wrong, or its plan does not include this: "
                f"{answer.body[:200].decode('utf-8', 'replace')}"
            )
        if answer.status != 200:
            return
        try:
            content = strict_json(answer.body, "the answer")
        except UnreadablePayloadError as error:
            raise TransientResponseError(str(error)) from error
        if not isinstance(content, dict):
            raise TransientResponseError(f"the answer is a {type(content).__name__}, no object")
        status = content.get("status")
        if status not in _GOOD:
            raise NetworkError(f"status {status}: {content.get('error') or content.get('message') or ''}")
        if not isinstance(content.get("results", []), list):
            raise TransientResponseError("the results are no list")

    return check


def read_page(body: bytes) -> tuple[Any, str | None]:
    """Rows and next address of a page."""
    content = strict_json(body, "page")
    next_url = content.get("next_url")
    return content.get("results") or [], next_url if isinstance(next_url, str) and next_url else None


def chain_url(address: str, underlying: str) -> str:
    """The first page of a chain snapshot; an index has the prefix ``I:``."""
    path = f"{address}/v3/snapshot/options/{quote(underlying, safe=':')}"
    return with_parameters(path, {"limit": str(_SNAPSHOT_LIMIT)})


def bars_url(address: str, ticker: str, first: dt.date, last: dt.date) -> str:
    """Daily bars as traded: what later splits make of them is the adjustment's business."""
    path = f"{address}/v2/aggs/ticker/{quote(ticker, safe=':')}/range/1/day/{first.isoformat()}/{last.isoformat()}"
    return with_parameters(path, {"adjusted": "false", "sort": "asc", "limit": str(_BARS_LIMIT)})
