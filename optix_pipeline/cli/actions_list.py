"""``optix actions list``: the recorded events, and what each does to option contracts."""

import datetime as dt
from pathlib import Path

from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.memos import OptionMemo
from engine.corporate_actions.standing_rules import UnsupportedAdjustmentError, contract_changes
from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.session_range import parse_range, within


def list_actions(
    universe: str,
    underlying: str | None,
    first: str | None,
    last: str | None,
    *,
    data: Path | None,
    as_json: bool,
) -> None:
    """Print the events of a universe in order of their dates.

    Raises
    ------
    LookupError, ValueError
        No such universe, underlying or source.
    """
    use_data_folder(data)
    start, end = parse_range(first, last)
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.recorded_actions import recorded_actions

    spec = load_catalog().universe(universe)
    if underlying is not None:
        spec.underlying(underlying)
    events = [
        a
        for a in recorded_actions(spec)
        if within(a.effective_date, start, end) and (underlying is None or a.underlying == underlying)
    ]
    events.sort(key=lambda a: (a.effective_date, a))
    if as_json:
        print_json([_document(a) for a in events])
        return
    if not events:
        print(f"universe {universe} has no corporate action there")
        return
    print_table(
        f"Corporate actions of {universe}",
        ("effective", "underlying", "event", "known from (UTC)", "option contracts"),
        [
            (a.effective_date, a.underlying, a.describe(), instant(a.known_at_us), contracts(a))
            for a in events
        ],
    )
    missing = [a for a in events if _changes(a) is None]
    if missing:
        print(
            f"{len(missing)} change option contracts and have no memo; sessions from then on stop until it is recorded "
            "under corporate_actions.memos (docs/guide/universes.md, Recording a corporate action)"
        )


def contracts(action: CorporateAction) -> str:
    """What an event does to option contracts, in a few words."""
    changes = _changes(action)
    if changes is None:
        return "memo missing"
    if not changes:
        return "none"
    return "; ".join(_memo(memo) for memo in changes)


def instant(us: int) -> str:
    """UTC, to the minute."""
    return f"{dt.datetime.fromtimestamp(us / 1e6, dt.UTC):%Y-%m-%d %H:%M}"


def _changes(action: CorporateAction) -> tuple[OptionMemo, ...] | None:
    try:
        return contract_changes(action)
    except UnsupportedAdjustmentError:
        return None


def _memo(memo: OptionMemo) -> str:
    parts = []
    if memo.moves_root:
        parts.append(f"{memo.old_root} to {memo.new_root}")
    elif memo.old_root:
        parts.append(memo.old_root)
    if memo.contracts != 1.0:
        parts.append(f"contracts x {memo.contracts:g}")
    if memo.strike_divisor != 1.0:
        parts.append(f"strike / {memo.strike_divisor:g}")
    if memo.strike_reduction:
        parts.append(f"strike less {memo.strike_reduction:g}")
    if memo.multiplier is not None:
        parts.append(f"multiplier {memo.multiplier:g}")
    if memo.deliverable is not None:
        parts.append(f"delivers {memo.deliverable}")
    if memo.expires_on is not None:
        parts.append(f"expires {memo.expires_on}")
    number = f"memo {memo.number}: " if memo.number else ""
    return number + (", ".join(parts) or "nothing")


def _document(action: CorporateAction) -> dict[str, object]:
    from resources.reference.corporate_actions.memos_yaml import event_record

    return {**event_record(action), "describes": action.describe(), "option_contracts": contracts(action)}
