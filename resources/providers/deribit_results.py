"""What Deribit's public REST methods answer, told apart by its content, from the service or from saved files.

Documented at docs.deribit.com, "Market Data": public/get_order_book, public/get_book_summary_by_currency,
public/get_instruments, public/get_index_price, public/get_delivery_prices; the envelope at "JSON-RPC 2.0
Protocol". Times are milliseconds UTC, volatilities percent, prices in the quote currency of the instrument.

A file holds an envelope, a bare result, a list of either, or one of them a line; or it is a CSV whose columns are
the fields of an order book with dotted names (``greeks.delta``) and whose ``bids`` and ``asks`` are nested lists.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.providers.payload_text import UnreadablePayloadError, require_lines, unpacked
from resources.providers.strict_json import strict_json

Record = Mapping[str, Any]


@dataclass
class DeribitResults:
    """The results of one payload by what they are.

    Attributes
    ----------
    books, summaries
        One record per instrument.
    index_prices
        The values of index prices; the answer does not say of which index.
    delivery_prices
        Records with ``date`` and ``delivery_price``.
    instruments
        By name.
    testnet
        Whether any envelope says that it comes from the test network.
    texts
        Whether numbers are text (CSV).
    """

    books: list[Record] = field(default_factory=list)
    summaries: list[Record] = field(default_factory=list)
    index_prices: list[Any] = field(default_factory=list)
    delivery_prices: list[Record] = field(default_factory=list)
    instruments: dict[str, Record] = field(default_factory=dict)
    testnet: bool = False
    texts: bool = False


def read_results(payload: bytes, name: str) -> DeribitResults:
    """Everything in a payload.

    Raises
    ------
    UnreadablePayloadError
        If it is no text, no JSON (or CSV where the name says so), reports an error, or holds what none of the
        methods answers.
    """
    text = unpacked(payload, name)
    found = DeribitResults()
    if name.removesuffix(".gz").endswith(".csv"):
        found.texts = True
        found.books.extend(_csv_records(text, name))
        return found
    for value in _values(text, name):
        _take(value, found, name)
    return found


def _values(text: bytes, name: str) -> Iterator[Any]:
    try:
        yield strict_json(text, name)
        return
    except UnreadablePayloadError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or name.removesuffix(".gz").endswith(".json"):
            raise
    for number, line in enumerate(lines, start=1):
        yield strict_json(line, f"{name}, line {number}")


def _take(value: Any, found: DeribitResults, name: str) -> None:
    if isinstance(value, list):
        for item in value:
            _take(item, found, name)
        return
    if not isinstance(value, dict):
        raise UnreadablePayloadError(
            f"{name} holds {str(value)[:60]!r} where an answer of Deribit was expected"
        )
    if "jsonrpc" in value or ("result" in value and "instrument_name" not in value):
        found.testnet |= value.get("testnet") is True
        if value.get("error"):
            raise UnreadablePayloadError(f"{name} is an error answer: {json.dumps(value['error'])[:200]}")
        if "result" not in value:
            raise UnreadablePayloadError(f"{name} is an envelope without a result; fetch it again")
        _take(value["result"], found, name)
    elif "instrument_name" in value:
        if "expiration_timestamp" in value and "tick_size" in value:
            found.instruments[str(value["instrument_name"])] = value
        elif "creation_timestamp" in value:
            found.summaries.append(value)
        else:
            found.books.append(value)
    elif "index_price" in value:
        found.index_prices.append(value["index_price"])
    elif isinstance(value.get("data"), list):
        found.delivery_prices.extend(record for record in value["data"] if isinstance(record, dict))
    else:
        raise UnreadablePayloadError(
            f"{name} holds an object with the fields {', '.join(sorted(value)[:8]) or '(none)'}: no order book, book "
            "summary, instrument, index price or delivery price of Deribit"
        )


def _csv_records(text: bytes, name: str) -> list[Record]:
    require_lines(text, name)
    reader = csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True)
    try:
        header = list(reader.fieldnames or ())
        missing = [column for column in ("instrument_name", "timestamp") if column not in header]
        if missing or len(set(header)) != len(header):
            fault = f"no column {' and no column '.join(missing)}" if missing else "a column twice"
            raise UnreadablePayloadError(
                f"{name} has {fault} (its header: {','.join(header)[:200]!r}); is it a table of Deribit order books?"
            )
        # a line with too many cells has them under None, one with too few has None values
        return [
            row if None not in row and None not in row.values() else {"row": list(row.values())}
            for row in reader
        ]
    except csv.Error as error:
        raise UnreadablePayloadError(f"{name}, line {reader.line_num}: {error}") from error
