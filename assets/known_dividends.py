"""The cash that a share is known to pay before options on it expire."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.corporate_actions.events import CASH_PAYMENTS, CorporateAction
from engine.corporate_actions.standing_rules import UnsupportedAdjustmentError, contract_changes


def cash_dividends(
    actions: Sequence[CorporateAction], underlying: str, ts_us: int, timezone: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """When the share begins to trade without each cash dividend, UTC microseconds, and the dollars per share.

    Dividends for which contracts are adjusted are left out: the holder of an option loses nothing by them.

    Parameters
    ----------
    ts_us
        Of the quotes: what was announced later is left out.
    timezone
        Of the exchange, whose midnight an ex-date begins at.
    """
    zone = ZoneInfo(timezone)
    found = []
    for action in actions:
        if action.underlying != underlying or action.kind not in CASH_PAYMENTS or action.known_at_us > ts_us:
            continue
        if _adjusts_contracts(action):
            continue
        midnight = dt.datetime.combine(action.effective_date, dt.time(0), zone)
        found.append((int(midnight.timestamp()) * 1_000_000, action.cash_amount))
    found.sort()
    return (
        np.array([instant for instant, _ in found], dtype=np.int64),
        np.array([amount for _, amount in found], dtype=np.float64),
    )


def _adjusts_contracts(action: CorporateAction) -> bool:
    try:
        return bool(contract_changes(action))
    except UnsupportedAdjustmentError:
        # it does, in a way that only a memo can say; a study that holds such a contract stops there
        return True
