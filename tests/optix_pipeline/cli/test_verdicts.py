"""The tables of verdicts that ``optix quality show`` and ``optix harvest`` share."""

import datetime as dt

from optix_pipeline.cli.quality import print_verdicts

DAYS = [dt.date(2025, 7, n) for n in range(1, 7)]


def row(day: dt.date, severity: str = "warning") -> dict[str, object]:
    """A failed check of a session."""
    return {
        "trade_date": day,
        "underlying": "ACME",
        "check": "vendor_iv",
        "severity": severity,
        "message": f"odd on the {day.day}.",
    }


def test_warnings_beyond_the_most_are_counted_with_the_command_that_tells_them(capsys):
    verdicts = [{"trade_date": d, "underlying": "ACME", "status": "ok", "reasons": []} for d in DAYS]
    verdicts[0] |= {"status": "blocked", "reasons": ["ACME 2025-07-01: broken"]}
    failed = [*(row(d) for d in DAYS), row(DAYS[1], "info")]
    print_verdicts("mine", verdicts, failed, 2)
    out = capsys.readouterr().out
    assert "mine: 5 of 6 judged sessions are usable" in out
    assert "broken" in out
    assert [n for n in range(1, 7) if f"odd on the {n}." in out] == [2, 3], "of kept sessions, two at most"
    assert "and 3 more warnings; optix quality show mine tells all" in out
    print_verdicts("mine", verdicts, failed)
    out = capsys.readouterr().out
    assert "odd on the 6." in out and "more warnings" not in out
