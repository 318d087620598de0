"""``--from`` and ``--to``: a range of sessions, both ends included."""

import datetime as dt


def parse_range(first: str | None, last: str | None) -> tuple[dt.date | None, dt.date | None]:
    """Both options as dates; None where one is not given.

    Raises
    ------
    ValueError
        If one is no ISO date, or they are the wrong way round.
    """
    start, end = _day(first, "--from"), _day(last, "--to")
    if start and end and end < start:
        raise ValueError(f"--to {end} is before --from {start}")
    return start, end


def parse_day(text: str, option: str) -> dt.date:
    """An argument as a date.

    Raises
    ------
    ValueError
        If it is no ISO date.
    """
    day = _day(text, option)
    assert day is not None
    return day


def _day(text: str | None, option: str) -> dt.date | None:
    if text is None:
        return None
    try:
        # fromisoformat alone also takes 20240102 and 2024-W01-2
        return dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise ValueError(f"{option} {text}: not a date; write YYYY-MM-DD") from None


def within(day: dt.date, start: dt.date | None, end: dt.date | None) -> bool:
    """Whether a session lies in the range."""
    return (start is None or day >= start) and (end is None or day <= end)
