"""What a record of a corporate action must say, by kind: the rules of every format that a person writes."""

import datetime as dt
import math
from typing import Any

from engine.corporate_actions.events import (
    CASH_PAYMENTS,
    DISTRIBUTIONS,
    SHARE_BASIS,
    ActionKind,
    CorporateAction,
)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)


class InvalidActionsError(ValueError):
    """Corporate actions that cannot be used; the message lists them with their lines or texts."""


def checked_action(**fields: Any) -> CorporateAction:
    """The event of these fields.

    Raises
    ------
    ValueError
        With every rule that they break.
    """
    action = CorporateAction(**fields)
    faults = [*_of_every_kind(action), *_of_its_kind(action)]
    if faults:
        raise ValueError("; ".join(faults))
    return action


def instant_us(text: str, field: str, *, whole_day: bool = False) -> int:
    """UTC microseconds of an ISO 8601 instant with its offset.

    With ``whole_day`` a date alone is allowed and means the end of that day (24:00 UTC): what was published on it
    at an unknown hour may not be used earlier.

    Raises
    ------
    ValueError
        The text is neither, or an instant without offset.
    """
    example = "write 2026-07-01T20:00:00Z"
    if whole_day and len(text) == 10:
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{field} {text!r} is no date; write YYYY-MM-DD or {example[6:]}") from None
        return (dt.datetime.combine(day, dt.time(), dt.UTC) + _DAY - _EPOCH) // dt.timedelta(microseconds=1)
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{field} {text!r} is no instant; {example}") from None
    if instant.tzinfo is None:
        raise ValueError(f"{field} {text!r} has no offset from UTC; {example}")
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)


def _of_every_kind(action: CorporateAction) -> list[str]:
    numbers = {
        "new_shares": action.new_shares,
        "old_shares": action.old_shares,
        "cash_amount": action.cash_amount,
        "security_value": action.security_value,
        "basis_kept": action.basis_kept,
        "cash_in_lieu_price": action.cash_in_lieu_price,
    }
    faults = [
        f"{n} {v!r} is not finite" for n, v in numbers.items() if v is not None and not math.isfinite(v)
    ]
    if not (action.new_shares > 0 and action.old_shares > 0):
        faults.append("new_shares and old_shares must be above 0")
    if action.cash_amount < 0:
        faults.append("cash_amount must not be below 0")
    for name in ("security_value", "cash_in_lieu_price"):
        value = numbers[name]
        if value is not None and not value > 0:
            faults.append(f"{name} must be above 0, or left out")
    if action.basis_kept is not None and not 0 <= action.basis_kept <= 1:
        faults.append("basis_kept is a share from 0 to 1")
    if action.new_security == action.underlying:
        faults.append("new_security is the underlying itself")
    if action.announced_at_us is not None and action.known_at_us < action.announced_at_us:
        faults.append("known_at lies before announced_at: nothing can be known before it is announced")
    return faults


def _of_its_kind(action: CorporateAction) -> list[str]:
    kind, faults = action.kind, []
    needs_security = kind in DISTRIBUTIONS or kind is ActionKind.SYMBOL_CHANGE
    has_ratio = kind in SHARE_BASIS or kind in DISTRIBUTIONS or kind is ActionKind.MERGER
    pays = kind in CASH_PAYMENTS or kind in (ActionKind.MERGER, ActionKind.LIQUIDATION)
    if kind in SHARE_BASIS and action.new_shares == action.old_shares:
        faults.append(f"a {kind} needs new_shares and old_shares that differ")
    if kind is ActionKind.STOCK_DIVIDEND and action.new_shares < action.old_shares:
        faults.append("a stock_dividend needs more new_shares than old_shares (5%: 105 and 100)")
    if kind in CASH_PAYMENTS and not action.cash_amount > 0:
        faults.append(f"a {kind} needs cash_amount above 0")
    if kind is ActionKind.MERGER and not action.cash_amount and not action.new_security:
        faults.append(
            "a merger needs cash_amount above 0, or new_security with new_shares for old_shares, or both"
        )
    if kind is ActionKind.CONTRACT_ADJUSTMENT and not action.memos:
        faults.append("a contract_adjustment needs a memo: it is nothing else")
    if needs_security and not action.new_security:
        faults.append(f"a {kind} needs new_security")
    if not needs_security and kind is not ActionKind.MERGER and action.new_security:
        faults.append(f"a {kind} has no new_security")
    if not has_ratio and (action.new_shares, action.old_shares) != (1.0, 1.0):
        faults.append(f"a {kind} has new_shares 1 and old_shares 1")
    if kind is ActionKind.MERGER and not action.new_security and action.new_shares != action.old_shares:
        faults.append("a merger for cash alone has new_shares 1 and old_shares 1")
    if not pays and action.cash_amount:
        faults.append(f"a {kind} has cash_amount 0")
    return faults
