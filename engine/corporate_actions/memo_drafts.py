"""Memos as the clearing house's methods would give them: drafts for a person to hold against the printed one.

Nothing in OPTIX applies a draft. The methods (OCC By-Laws, Article VI, Section 11A, and the practice of its panel):

- ``strike_and_contracts``: whole n-for-1 splits; n contracts at strike / n.
- ``strike_and_deliverable``: strike divided by the ratio, multiplier and deliverable times the ratio. The method of odd
  splits and stock dividends until the change that the SEC approved on 2007-02-08 (release 34-55258, 72 FR 7701), with
  strikes rounded to the nearest eighth: a 3-for-2 split made 26 5/8 of a strike of 40, times 150.
- ``deliverable_only``: strike and multiplier stay, the list changes. Reverse splits, mergers, spin-offs, rights, and
  odd splits where the panel so decides since that change.
- ``strike_reduction``: strike less the cash per unit. Special dividends and capital gains of at least 12.50 a contract.

Which of the second and third an odd split took after 2007 cannot be told from its date: whoever asks for a draft has to
say.
"""

import datetime as dt
import math
from enum import StrEnum

from engine.corporate_actions.events import CASH_PAYMENTS, SHARE_BASIS, ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import is_whole
from engine.instruments.deliverable import Deliverable, DeliverableItem, ItemKind

#: until then odd splits had one method and strikes stood in eighths
_ROUNDING_ENDED = dt.date(2007, 2, 8)
_EIGHTHS, _CENTS = 0.125, 0.01
_WHOLE = 1e-9


class Method(StrEnum):
    STRIKE_AND_CONTRACTS = "strike_and_contracts"
    STRIKE_AND_DELIVERABLE = "strike_and_deliverable"
    DELIVERABLE_ONLY = "deliverable_only"
    STRIKE_REDUCTION = "strike_reduction"


class NoDraftError(ValueError):
    """Nothing can be drafted for this event; the message says why, and what would help."""


def draft_memo(
    action: CorporateAction,
    root: str,
    *,
    delivered: Deliverable,
    multiplier: float = 100.0,
    method: Method | None = None,
    new_root: str | None = None,
) -> OptionMemo:
    """The memo of one root by a method.

    Parameters
    ----------
    delivered
        What one contract delivers before the event.
    multiplier
        Of the contract before the event.
    method
        None: the event's own where kind and date leave one.
    new_root
        None: the root stays where contracts stay standard, else gets the next digit (USO becomes USO1).

    Raises
    ------
    NoDraftError
        The event changes no contract, kind and date leave several methods, or the method does not fit the event.
    """
    chosen = method or _method_of(action)
    if chosen is Method.STRIKE_AND_CONTRACTS:
        if not is_whole(action):
            raise NoDraftError(
                f"{action} is no whole n-for-1 split: contracts cannot be multiplied by its ratio"
            )
        n = action.split_ratio
        return OptionMemo(root, new_root or root, contracts=n, strike_divisor=n, strike_grid=_grid(action))
    if chosen is Method.STRIKE_REDUCTION:
        if action.kind not in CASH_PAYMENTS:
            raise NoDraftError(f"{action} pays no cash that could come off the strike")
        shares = delivered.shares_of(action.underlying)
        reduction = action.cash_amount * shares / multiplier
        return OptionMemo(root, new_root or root, strike_reduction=reduction, strike_grid=_grid(action))
    moved = new_root or _next_root(root)
    if chosen is Method.STRIKE_AND_DELIVERABLE:
        if action.kind not in SHARE_BASIS:
            raise NoDraftError(f"{action} changes no share basis by which strikes could be divided")
        ratio = action.share_ratio
        return OptionMemo(
            root,
            moved,
            strike_divisor=ratio,
            strike_grid=_grid(action),
            multiplier=multiplier * ratio,
            deliverable=_after(action, delivered),
        )
    return OptionMemo(root, moved, multiplier=multiplier, deliverable=_after(action, delivered))


def _method_of(action: CorporateAction) -> Method:
    kind = action.kind
    if kind in (ActionKind.CASH_DIVIDEND, ActionKind.SYMBOL_CHANGE):
        raise NoDraftError(
            f"{action} adjusts no contract; where a root is renamed, write old_root and new_root"
        )
    if kind is ActionKind.CONTRACT_ADJUSTMENT:
        raise NoDraftError(f"{action} is nothing but its memo, which has to be written as printed")
    if kind in CASH_PAYMENTS:
        return Method.STRIKE_REDUCTION
    if kind in SHARE_BASIS:
        if is_whole(action):
            return Method.STRIKE_AND_CONTRACTS
        if action.share_ratio < 1:
            return Method.DELIVERABLE_ONLY
        if action.effective_date < _ROUNDING_ENDED:
            return Method.STRIKE_AND_DELIVERABLE
        raise NoDraftError(
            f"{action}: since 2007 the panel has used {Method.STRIKE_AND_DELIVERABLE} and {Method.DELIVERABLE_ONLY} "
            "for such events; name the one that the memo shows"
        )
    return Method.DELIVERABLE_ONLY


def _grid(action: CorporateAction) -> float:
    return _EIGHTHS if action.effective_date < _ROUNDING_ENDED else _CENTS


def _next_root(root: str) -> str:
    """USO becomes USO1, USO1 becomes USO2."""
    standard = root.rstrip("0123456789")
    return f"{standard}{int(root[len(standard) :] or 0) + 1}"


def _after(action: CorporateAction, delivered: Deliverable) -> Deliverable:
    """What one contract delivers after the event: whole shares, cash, cash in lieu of fractions."""
    items: list[DeliverableItem] = []
    ratio, kind = action.share_ratio, action.kind
    for item in delivered.items:
        own = item.kind is ItemKind.SHARES and item.security == action.underlying
        if not own:
            items.append(item)
        elif kind in SHARE_BASIS:
            items += _shares(action.underlying, item.quantity * ratio)
        elif kind in (ActionKind.SPIN_OFF, ActionKind.RIGHTS):
            items += [item, *_shares(action.new_security, item.quantity * ratio)]
        else:
            if action.new_security:
                items += _shares(action.new_security, item.quantity * ratio)
            if action.cash_amount:
                items.append(
                    DeliverableItem(
                        ItemKind.CASH, action.currency, round(item.quantity * action.cash_amount, 10)
                    )
                )
    if not items:
        raise NoDraftError(f"{action} leaves nothing to deliver; write the memo as printed")
    return Deliverable(tuple(items), delivered.cash_settled)


def _shares(security: str, quantity: float) -> list[DeliverableItem]:
    whole = math.floor(quantity + _WHOLE)
    fraction = round(quantity - whole, 10)
    found = [DeliverableItem(ItemKind.SHARES, security, float(whole))] if whole else []
    return found + ([DeliverableItem(ItemKind.CASH_IN_LIEU, security, fraction)] if fraction > _WHOLE else [])
