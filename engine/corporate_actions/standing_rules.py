"""How option contracts follow an event that no memo was recorded for, where the clearing house's rule leaves no choice.

The rules (Characteristics and Risks of Standardized Options, supplement of November 2012; information memos):

- whole n-for-1 splits, and stock dividends that amount to one: contracts times n, strike divided by n, to the cent
  (before 2007 to the eighth: where that differs the split needs a memo with its strike_grid, a simplification);
- ordinary cash dividends: no adjustment, whatever their size (announced since February 2009);
- special dividends and capital-gain distributions: none below 12.50 per contract;
- everything else changes the deliverable in ways that differed from era to era and from case to case: the memo has to
  be recorded.
"""

import datetime as dt

from engine.calendars.epoch import US_PER_DAY, date_of_days
from engine.corporate_actions.events import SHARE_BASIS, ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo

#: First announcement date of each rule, with the cash per contract from which contracts are adjusted; before
#: the first the panel judged by 10% of the share's price.
DIVIDEND_THRESHOLDS: tuple[tuple[dt.date, float], ...] = ((dt.date(2009, 2, 1), 12.50),)
_STANDARD_SHARES = 100.0
_SAME_CENT = 1e-9


class UnsupportedAdjustmentError(ValueError):
    """An event that changes option contracts in a way that only its memo can say."""


def contract_changes(action: CorporateAction) -> tuple[OptionMemo, ...]:
    """What an event does to the option contracts of its underlying; empty: nothing.

    Raises
    ------
    UnsupportedAdjustmentError
        The event changes contracts and neither a memo nor a standing rule says how.
    """
    if action.memos:
        return action.memos
    kind = action.kind
    if kind in (ActionKind.CASH_DIVIDEND, ActionKind.SYMBOL_CHANGE):
        return ()
    if kind in SHARE_BASIS and is_whole(action):
        n = action.split_ratio
        return (OptionMemo(contracts=n, strike_divisor=n),)
    if kind in (ActionKind.SPECIAL_DIVIDEND, ActionKind.CAPITAL_GAIN) and not _reaches_threshold(action):
        return ()
    raise UnsupportedAdjustmentError(
        f"{action}: how its option contracts change is said by the clearing house's memo, and none is recorded; "
        "add it to a file of format memos_yaml (optix actions draft prints one to fill in), end the universe "
        "before, or leave the underlying out"
    )


def is_whole(action: CorporateAction) -> bool:
    """Whether the event is an n-for-1 split with n a whole number of at least 2."""
    ratio = action.split_ratio
    return ratio >= 2 and abs(ratio - round(ratio)) < 1e-9


def dividend_threshold(announced: dt.date) -> float | None:
    """Cash per contract from which a dividend that is not ordinary adjusts contracts; None before the rule."""
    found = None
    for since, amount in DIVIDEND_THRESHOLDS:
        if announced >= since:
            found = amount
    return found


def _reaches_threshold(action: CorporateAction) -> bool:
    announced = (
        action.effective_date
        if action.announced_at_us is None
        else date_of_days(action.announced_at_us // US_PER_DAY)
    )
    threshold = dividend_threshold(announced)
    # before the rule of 2009 the price of the share decided, case by case
    return threshold is None or action.cash_amount * _STANDARD_SHARES >= threshold - _SAME_CENT
