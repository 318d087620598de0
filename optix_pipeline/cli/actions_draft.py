"""``optix actions draft``: the memo that an event still needs, as a record to hold against the printed one."""

from pathlib import Path

from engine.corporate_actions.memo_drafts import Method, draft_memo
from engine.instruments.deliverable import Deliverable
from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.session_range import parse_day

_HEAD = """\
# A draft by the method {method}: hold every field against the clearing house's memo, add its number and announced_at.
# Nothing uses it before it stands in the file that corporate_actions.memos names.
"""


def draft_memos(
    universe: str, underlying: str, date: str, root: str | None, method: str | None, *, data: Path | None
) -> None:
    """Print a record with a drafted memo for each root of an underlying.

    Raises
    ------
    LookupError
        No such universe, underlying or event.
    ValueError
        The event has its memo, changes no contract, or leaves several methods.
    """
    use_data_folder(data)
    day = parse_day(date, "DATE")
    if method is not None and method not in tuple(Method):
        raise ValueError(f"--method {method}: no such method; there are {', '.join(Method)}")
    from dataclasses import replace

    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.recorded_actions import recorded_actions
    from resources.reference.corporate_actions.memos_yaml import event_record, file_text

    spec = load_catalog().universe(universe)
    terms = [t for t in spec.root_terms().values() if t.underlying == spec.underlying(underlying).symbol]
    if root is not None:
        terms = [t for t in terms if t.root == root] or [replace(terms[0], root=root)]
    events = [a for a in recorded_actions(spec) if (a.underlying, a.effective_date) == (underlying, day)]
    if not events:
        raise LookupError(
            f"universe {universe} has no event of {underlying} on {day}; see optix actions list"
        )
    records = []
    for action in events:
        if action.memos:
            raise ValueError(f"{action} has its memo; see optix actions list {universe}")
        memos = tuple(
            draft_memo(
                action,
                t.root,
                delivered=Deliverable.of_shares(underlying, t.multiplier),
                multiplier=t.multiplier,
                method=None if method is None else Method(method),
            )
            for t in terms
        )
        records.append(event_record(replace(action, memos=memos)))
    print(_HEAD.format(method=method or "that kind and date leave") + file_text(records), end="")
