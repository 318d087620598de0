"""Asking Deribit: which requests make a snapshot, and what its answers mean.

docs.deribit.com: "Market Data" (public/get_instruments, get_book_summary_by_currency, get_order_book,
get_index_price, get_delivery_prices), "Rate Limits" (credits; error 10028 ``too_many_requests``; get_instruments
1 request per 10 seconds with a burst of 5), "Error Codes". The public methods need no key.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from resources.network.addresses import checked_base_url, with_parameters
from resources.network.errors import NetworkError, TransientResponseError
from resources.network.http_client import Answer
from resources.network.settings import NetworkSettings
from resources.network.spooled_client import SpooledClient
from resources.providers.deribit_instrument import currency_of, index_of, parse_option_name
from resources.providers.file_adapter import AdapterSettings
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.strict_json import strict_json

BASE_URLS = {"mainnet": "https://www.deribit.com/api/v2", "testnet": "https://test.deribit.com/api/v2"}
#: codes that a later attempt may better: too_many_requests, retry, settlement_in_progress,
#: too_many_concurrent_requests, system_maintenance, internal_server_error, temporarily_unavailable, unavailable,
#: timed_out
_TRANSIENT = frozenset({10028, 10040, 10041, 10066, 11051, 11094, 13028, 13503, 13888})
_PAGE = 1000


class DeribitRestSettings(AdapterSettings):
    """``provider.settings`` of ``deribit_rest``.

    Attributes
    ----------
    source
        ``network`` asks the service, ``files`` reads the answers saved in ``provider.path``.
    environment
        The real market, or the test network with its made-up prices.
    base_url
        In place of the environment's own address.
    order_books
        Ask for each instrument's order book too: sizes and Greeks, for one request per instrument.
    """

    source: Literal["network", "files"] = "network"
    environment: Literal["mainnet", "testnet"] = "mainnet"
    base_url: str | None = None
    order_books: bool = False
    order_book_depth: Literal[1, 5, 10, 20, 50, 100, 1000, 10000] = 5
    #: 10 requests a second: half of what the service sustains for the unauthenticated
    network: NetworkSettings = Field(default_factory=lambda: NetworkSettings(min_interval_seconds=0.1))

    @property
    def address(self) -> str:
        """Where the service is."""
        return checked_base_url(self.base_url or BASE_URLS[self.environment], carries_key=False)


def check_answer(answer: Answer) -> None:
    """Accept an answer with a result.

    Raises
    ------
    TransientResponseError
        Malformed JSON, too many requests, or another passing state of the service.
    NetworkError
        For any other error answer.
    """
    try:
        content = strict_json(answer.body, "the answer")
    except UnreadablePayloadError as error:
        if answer.status != 200:
            return  # the status says more than a body that is none of the service's own
        raise TransientResponseError(str(error)) from error
    if not isinstance(content, dict):
        raise TransientResponseError(f"the answer is a {type(content).__name__}, no JSON-RPC envelope")
    refusal = content.get("error")
    if refusal:
        told = refusal if isinstance(refusal, dict) else {"message": refusal}
        code, data = told.get("code"), told.get("data")
        text = f"error {code}: {told.get('message')}"
        if code in _TRANSIENT:
            raise TransientResponseError(text, _asked_wait(data))
        raise NetworkError(f"{text} {data}" if data else text)
    if answer.status == 200 and "result" not in content:
        raise TransientResponseError("the answer has no result")


def check_delivery_prices(answer: Answer) -> None:
    """Accept a page of delivery prices; raises as ``check_answer`` does."""
    check_answer(answer)
    if answer.status == 200:
        result = strict_json(answer.body, "the answer")["result"]
        if not (
            isinstance(result, dict)
            and isinstance(result.get("data"), list)
            and isinstance(result.get("records_total"), int)
        ):
            raise TransientResponseError("the answer has no data and records_total")


def _asked_wait(data: Any) -> float | None:
    """``data.wait`` of 10028, seconds, where the service sends it."""
    wait = data.get("wait") if isinstance(data, dict) else None
    return float(wait) if isinstance(wait, (int, float)) and not isinstance(wait, bool) else None


def method_url(address: str, method: str, **parameters: str | int) -> str:
    """The address of a public method."""
    return with_parameters(f"{address}/public/{method}", {n: str(v) for n, v in parameters.items()})


def ask_for_snapshot(client: SpooledClient, settings: DeribitRestSettings, roots: list[str]) -> None:
    """Ask for everything that a snapshot needs; the answers are in the client's spool afterwards.

    Per currency the instruments, then the book summary, per root the index price and the delivery prices, and
    where wanted each instrument's order book. Reference first: the quotes are the freshest.
    """
    address = settings.address
    for currency in sorted({currency_of(root) for root in roots}):
        client.get(
            method_url(address, "get_instruments", currency=currency, kind="option", expired="false"),
            check_answer,
        )
    for root in roots:
        ask_for_delivery_prices(client, settings, root, pages=1)
    for currency in sorted({currency_of(root) for root in roots}):
        client.get(
            method_url(address, "get_book_summary_by_currency", currency=currency, kind="option"),
            check_answer,
        )
    for root in roots:
        client.get(method_url(address, "get_index_price", index_name=index_of(root)), check_answer)
    if settings.order_books:
        for name in sorted(_listed(client, address, roots)):
            client.get(
                method_url(address, "get_order_book", instrument_name=name, depth=settings.order_book_depth),
                check_answer,
            )


def ask_for_delivery_prices(
    client: SpooledClient, settings: DeribitRestSettings, root: str, pages: int | None = None
) -> None:
    """The official prices of 08:00 UTC, newest first: the last days with ``pages=1``, all of them without."""
    address = settings.address
    count = 10 if pages == 1 else _PAGE

    def page_url(offset: int) -> str:
        return method_url(
            address, "get_delivery_prices", index_name=index_of(root), offset=offset, count=count
        )

    def read_page(body: bytes) -> tuple[Any, str | None]:
        result = strict_json(body, "delivery prices")["result"]
        rows, total = result["data"], result["records_total"]
        offset = next(offsets)
        return rows, page_url(offset + count) if rows and offset + count < total else None

    offsets: Iterator[int] = iter(range(0, 10**9, count))
    found = client.pages(page_url(0), check_delivery_prices, read_page)
    for number, _ in enumerate(found, start=1):
        if pages is not None and number >= pages:
            return


def _listed(client: SpooledClient, address: str, roots: list[str]) -> set[str]:
    """The active options of these roots, by the instruments that were received."""
    names = set()
    for currency in sorted({currency_of(root) for root in roots}):
        url = method_url(address, "get_instruments", currency=currency, kind="option", expired="false")
        for record in strict_json(client.get(url, check_answer).body, "instruments")["result"]:
            option = parse_option_name(str(record.get("instrument_name", "")))
            if option is not None and option.root in roots and record.get("is_active", True):
                names.add(str(record["instrument_name"]))
    return names


_METHOD = re.compile(r"/public/(?P<method>\w+)")


def part_name(url: str) -> str:
    """A short name of an answer: the method, and what was asked of it."""
    match = _METHOD.search(url)
    method = match["method"] if match else "answer"
    query = url.partition("?")[2]
    told = [
        value
        for name, _, value in (pair.partition("=") for pair in query.split("&"))
        if name in ("currency", "index_name", "instrument_name", "offset")
        and (name, value) != ("offset", "0")
    ]
    return "-".join([method.removeprefix("get_"), *told]) + ".json"
