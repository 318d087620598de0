"""Whether a status is one: a document of other fields would make every reader of its layer stumble."""

from collections.abc import Callable
from typing import Any

from assets.day_status import DayStatus
from assets.status_files import MALFORMED, malformed, month_status, reference_status


def _day(document: Any) -> str:
    return DayStatus.from_json(document).trade_date.isoformat()


def _month(document: Any) -> str:
    return str(month_status(document)["month"])


def _reference(document: Any) -> str:
    return str(reference_status(document)["month"])


#: layer -> the partition that a status of it speaks of. Named here and not taken from the assets: with them comes
#: Dagster, for which a look at the lake would wait a second
PARTITION_OF: dict[str, Callable[[Any], str]] = {
    "underlying_prices": _day,
    "rates": _day,
    "validated_quotes": _day,
    "quarantined_quotes": _day,
    "adjusted_quotes": _day,
    "superseded_quotes": _day,
    "option_chain": _day,
    "volatility_surface": _day,
    "corporate_actions": _reference,
    "earnings_dates": _reference,
    "index_history": _reference,
    "chain_month": _month,
}


def status_problem(asset: str, key: str, document: Any) -> str:
    """What is wrong with the status of a partition; empty where nothing is, or where nobody knows the layer."""
    partition_of = PARTITION_OF.get(asset)
    if partition_of is None:
        return ""
    try:
        found = partition_of(document)
    except MALFORMED as error:
        return malformed(error)
    return "" if found == key else f"holds the status of {found}"
