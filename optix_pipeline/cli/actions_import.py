"""``optix actions import``: events of a file, checked, into a file of records."""

from pathlib import Path

from engine.calendars import TradingCalendar
from engine.corporate_actions.events import CorporateAction
from optix_pipeline.cli.actions_list import contracts, instant
from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json, print_table


def import_actions(
    universe: str, file: Path, format_: str, to: Path, *, dry_run: bool, data: Path | None, as_json: bool
) -> None:
    """Add the events of the universe's underlyings in ``file`` to the records in ``to``.

    What is there stays, with its comments lost; an event that is there already is passed over. The file is replaced
    whole or not at all.

    Raises
    ------
    ValueError, LookupError, OSError
        A file that cannot be read or written, a format that is none, an event that contradicts a record.
    """
    use_data_folder(data)
    from optix_pipeline.catalog import load_catalog
    from resources.reference.corporate_actions.format import ActionsContext
    from resources.reference.corporate_actions.joined_events import joined_events
    from resources.reference.corporate_actions.memos_yaml import event_record, file_text, read_memo_file
    from resources.reference.corporate_actions.table import to_actions
    from resources.reference.registry import ACTION_FORMATS

    spec = load_catalog().universe(universe)
    if format_ not in ACTION_FORMATS:
        raise ValueError(f"--format {format_}: no such format; there are {', '.join(sorted(ACTION_FORMATS))}")
    calendar = TradingCalendar.for_code(spec.calendar, spec.start, spec.end or spec.start)
    context = ActionsContext(calendar, spec.quote_currency)
    parsed = ACTION_FORMATS[format_].parse(file.read_bytes(), file.name, context)
    symbols = {u.symbol for u in spec.underlyings}
    found = [a for a in to_actions(parsed.table) if a.underlying in symbols]
    records = read_memo_file(to.read_bytes(), str(to)).events if to.exists() else ()
    there = [record.action(spec.quote_currency) for record in records]
    joined_events(found, there)  # what contradicts a record is refused here
    new = [a for a in found if not any(_same(a, b) for b in there)]
    others = parsed.table.num_rows - len(found)
    if not dry_run and new:
        kept = [record.model_dump(mode="json", exclude_defaults=True) for record in records]
        _write(to, file_text([*kept, *(event_record(a) for a in new)]))
    if as_json:
        print_json(
            {"added": [event_record(a) for a in new], "written": str(to) if new and not dry_run else None}
        )
        return
    if new:
        print_table(
            f"{'Would be added' if dry_run else 'Added'} to {to}",
            ("effective", "underlying", "event", "known from (UTC)", "option contracts"),
            [
                (a.effective_date, a.underlying, a.describe(), instant(a.known_at_us), contracts(a))
                for a in new
            ],
        )
    print(
        f"{len(new)} new, {len(found) - len(new)} on record already, {others} of other underlyings, "
        f"{parsed.rejected.num_rows} unusable rows"
    )
    for row in parsed.rejected.slice(0, 20).to_pylist():
        print(f"unusable: {row['symbol']} {row['day']}: {', '.join(row['reasons'])} ({row['raw'][:200]})")


def _same(a: CorporateAction, b: CorporateAction) -> bool:
    return (a.underlying, a.effective_date, a.kind) == (b.underlying, b.effective_date, b.kind)


def _write(path: Path, text: str) -> None:
    """Replace the file by a finished neighbour: a failed write leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
