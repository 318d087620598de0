"""Events of a source and records with memos of the same events, made one."""

from collections.abc import Sequence

from engine.corporate_actions.events import CASH_PAYMENTS, SHARE_BASIS, CorporateAction
from resources.reference.corporate_actions.event_rules import InvalidActionsError

#: sources round ratios (a factor file has seven decimals) and amounts (to a hundredth of a cent)
_RATIO_TOLERANCE = 1e-5
_AMOUNT_TOLERANCE = 1e-4


def joined_events(
    found: Sequence[CorporateAction],
    recorded: Sequence[CorporateAction],
    replaced_days: frozenset[tuple[str, object]] = frozenset(),
) -> list[CorporateAction]:
    """The records, and the source's events that no record speaks of.

    A record and an event are one where they are of one underlying and date and either both change the share basis or
    both pay cash on the share (of one kind, where the source tells the kinds of that day apart): the record then
    counts, for it says more. It is known from its own time: its memos were not known before, whatever the source knew
    of the event.

    Parameters
    ----------
    found
        Of the source.
    recorded
        With their memos, as a person wrote them.
    replaced_days
        (underlying, date) of which the source's events are left out, whatever they say.

    Raises
    ------
    InvalidActionsError
        Both say different things about one event.
    """
    result, faults = list(recorded), list[str]()
    told = {(a.underlying, a.effective_date, a.kind) for a in found}
    for event in found:
        if (event.underlying, event.effective_date) in replaced_days:
            continue
        mates = [
            r
            for r in recorded
            if _one_event(r, event)
            and (r.kind is event.kind or (r.underlying, r.effective_date, r.kind) not in told)
        ]
        if not mates:
            result.append(event)
            continue
        for record in mates:
            if not _agree(record, event):
                faults.append(
                    f"{record} (memos) and {event} ({event.source or 'the source'}) contradict each other; correct the "
                    "record, or write replaces_day: true into it if the source is wrong"
                )
    if faults:
        raise InvalidActionsError("\n".join(faults))
    return sorted(result)


def _one_event(record: CorporateAction, event: CorporateAction) -> bool:
    same_day = (record.underlying, record.effective_date) == (event.underlying, event.effective_date)
    return same_day and any({record.kind, event.kind} <= family for family in (SHARE_BASIS, CASH_PAYMENTS))


def _agree(record: CorporateAction, event: CorporateAction) -> bool:
    if record.kind in SHARE_BASIS:
        return abs(record.share_ratio / event.share_ratio - 1.0) <= _RATIO_TOLERANCE
    return (
        record.currency == event.currency and abs(record.cash_amount - event.cash_amount) <= _AMOUNT_TOLERANCE
    )
