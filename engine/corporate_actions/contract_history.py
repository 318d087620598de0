"""What happened to one option contract, event by event, and what decided it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.calendars.epoch import days_of_date
from engine.corporate_actions.contract_adjustment import FIRST_ERA, OriginalTerms, original_terms
from engine.corporate_actions.events import CASH_PAYMENTS, ActionKind, CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import (
    UnsupportedAdjustmentError,
    contract_changes,
    dividend_threshold,
)
from engine.instruments.deliverable import Deliverable

#: Stock options run for at most 39 months from their listing, those on indices for at most 60 (LEAPS): a longer time
#: before its expiry a contract was not there, whatever its strike could have been.
LONGEST_LIFE = dt.timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class ContractTerms:
    """What a contract is at one time.

    Attributes
    ----------
    contracts
        How many one contract of the first day has become.
    """

    root: str
    strike: float
    contracts: float
    multiplier: float
    deliverable: Deliverable

    def __str__(self) -> str:
        return (
            f"{self.contracts:g} x {self.root} strike {self.strike:.10g}, multiplier {self.multiplier:g}, delivers "
            f"{self.deliverable}"
        )


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One event as the contract met it.

    Attributes
    ----------
    decided_by
        The memo, the standing rule, or why nothing happened.
    after
        The terms after the event; the same as before where nothing happened.
    changed
        Whether the event changed the contract.
    """

    action: CorporateAction
    decided_by: str
    after: ContractTerms
    changed: bool


@dataclass(frozen=True, slots=True)
class ContractHistory:
    """A contract from its listing to a day."""

    listed_after: str
    first: ContractTerms
    steps: tuple[HistoryStep, ...]


def contract_history(
    root: str,
    strike: float,
    expiry: dt.date,
    listed_on: dt.date,
    actions: Sequence[CorporateAction],
    *,
    underlying: str,
    multiplier: float,
    until: dt.date,
    known_until_us: int,
) -> ContractHistory:
    """Every event of the underlying, and what it did to a contract.

    Parameters
    ----------
    root, strike
        As listed on ``listed_on``.
    actions
        Of the underlying.
    multiplier
        Of a contract before any event.
    until, known_until_us
        Events effective later, or not known by then, are told and passed over.

    Returns
    -------
    ContractHistory
        ``first`` are the terms of the earliest day on which the contract can have been listed.

    Raises
    ------
    ValueError
        See :func:`engine.corporate_actions.contract_adjustment.original_terms`.
    UnsupportedAdjustmentError
        An event up to ``listed_on`` has no memo, so what the contract was before cannot be told.
    """
    known = [a for a in actions if a.known_at_us <= known_until_us]
    origin = original_terms([strike], days_of_date(listed_on), known, root)
    started = origin.terms[int(origin.era_code[0])]
    terms = ContractTerms(
        started.original_root,
        float(origin.original_strike[0]),
        1.0,
        multiplier,
        Deliverable.of_shares(underlying, multiplier),
    )
    first, steps = terms, []
    for action in sorted(actions):
        reason = _not_met(action, started.era, until, known_until_us)
        if not reason and action.effective_date < expiry - LONGEST_LIFE:
            # its identity counts from the first strike that it could have had, its story from when it could exist
            for memo in contract_changes(action):
                if memo.concerns(terms.root):
                    terms = replace(_adjusted(terms, memo), contracts=1.0)
            first, reason = terms, "before it can have been listed"
        if reason:
            steps.append(HistoryStep(action, reason, terms, changed=False))
            continue
        try:
            memos = contract_changes(action)
        except UnsupportedAdjustmentError as error:
            steps.append(HistoryStep(action, f"cannot be told: {error}", terms, changed=False))
            break
        mine = [memo for memo in memos if memo.concerns(terms.root)]
        if not mine:
            steps.append(HistoryStep(action, _why_nothing(action, memos, terms), terms, changed=False))
            continue
        for memo in mine:
            before, terms = terms, _adjusted(terms, memo)
            steps.append(
                HistoryStep(action, _decision(action, memo, before, terms), terms, changed=terms != before)
            )
    return ContractHistory(started.era, first, tuple(steps))


def identity_of(terms: OriginalTerms) -> tuple[str, float, str]:
    """Root, strike and era under which the first of the contracts was listed: what its permanent id is made of."""
    started = terms.terms[int(terms.era_code[0])]
    return started.original_root, float(terms.original_strike[0]), started.era


def _not_met(action: CorporateAction, era: str, until: dt.date, known_until_us: int) -> str:
    if action.known_at_us > known_until_us:
        return "passed over: not known by then"
    if action.effective_date > until:
        return "passed over: not in force by then"
    if era != FIRST_ERA and action.effective_date.isoformat() <= era:
        return "before it was listed"
    return ""


def _why_nothing(action: CorporateAction, memos: Sequence[OptionMemo], terms: ContractTerms) -> str:
    if memos:
        roots = ", ".join(sorted({memo.old_root for memo in memos}))
        return f"its memos are about {roots}, not {terms.root}"
    if action.kind is ActionKind.CASH_DIVIDEND:
        return "ordinary dividends adjust no contract, whatever their size"
    if action.kind in CASH_PAYMENTS:
        threshold = dividend_threshold(action.effective_date)
        return f"{action.cash_amount * 100:.2f} a contract is below the threshold of {threshold:.2f}"
    return "a change of symbol alone changes no terms"


def _adjusted(terms: ContractTerms, memo: OptionMemo) -> ContractTerms:
    return replace(
        terms,
        root=memo.root_after(terms.root),
        strike=float(memo.strike_after(terms.strike)),
        contracts=terms.contracts * memo.contracts,
        multiplier=memo.multiplier if memo.multiplier is not None else terms.multiplier,
        deliverable=memo.deliverable if memo.deliverable is not None else terms.deliverable,
    )


def _decision(action: CorporateAction, memo: OptionMemo, before: ContractTerms, after: ContractTerms) -> str:
    decided = f"memo {memo.number}".strip() if action.memos else "standing rule of whole n-for-1 splits"
    parts = [decided if memo.number or not action.memos else "memo without a number"]
    exact = (before.strike - memo.strike_reduction) / memo.strike_divisor
    if memo.strike_divisor != 1.0:
        parts.append(f"strike / {memo.strike_divisor:g}")
    if memo.strike_reduction:
        parts.append(f"strike less {memo.strike_reduction:g}")
    if memo.changes_strike and abs(after.strike - exact) > 1e-9:
        parts.append(f"{exact:.6f} rounded to {after.strike:.10g}")
    if memo.contracts != 1.0:
        parts.append(f"contracts x {memo.contracts:g}")
    if memo.moves_root:
        parts.append(f"{memo.old_root} becomes {memo.new_root}")
    if memo.expires_on is not None:
        parts.append(f"expiry brought forward to {memo.expires_on}")
    return ", ".join(parts)
