"""The Great Expectations suite, run once over the profile rows of a whole range.

Great Expectations costs about 0.04 s a run whatever the number of rows, and seconds to import: so it judges
profiles, not quotes, and is imported when the first range is judged.
"""

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from resources.data_quality.check_definition import Severity
from resources.data_quality.checks import Check, checks
from resources.data_quality.gx_run import DataQualityError, profile_frame, validate
from resources.data_quality.profile_columns import PROFILE_COLUMNS, absent_profile
from resources.universe import QualitySpec

Key = tuple[dt.date, str]
Status = Literal["ok", "blocked", "absent"]

#: judged even where nothing was received
ALWAYS_JUDGED = ("present", "readable")
#: snapshots named in a line about several; the results name all
_SHOWN_SNAPSHOTS = 8


@dataclass(frozen=True)
class Verdict:
    """What may happen with one underlying's session: only ``ok`` goes on.

    Attributes
    ----------
    kept_out
        Of an ``ok`` session with several snapshots, those that do not go on, with their reasons.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    kept_out: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExpectationResult:
    """One check of one profile row, or of all snapshots of a session that passed it (``snapshot_id`` None).

    ``message`` is empty where it passed.
    """

    trade_date: dt.date
    underlying: str
    snapshot_id: int | None
    check: str
    severity: Severity
    passed: bool
    observed: float | str | None
    limit: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SuiteResult:
    """Verdicts by (trade date, underlying), every check that was judged, and Great Expectations' own result."""

    verdicts: dict[Key, Verdict]
    results: list[ExpectationResult]
    validation: Any = field(default=None, compare=False, repr=False)


def run_suite(
    profiles: Sequence[Mapping[str, Any]],
    spec: QualitySpec,
    *,
    sessions: Sequence[dt.date] | None = None,
    overruled: Mapping[Key, frozenset[str]] | None = None,
) -> SuiteResult:
    """Judge the profiles of a range.

    A verdict depends on the profiles of its own session and on ``spec`` alone, not on what else is in the
    range: a day judged by the nightly run and in a backfill gets the same one.

    Parameters
    ----------
    profiles
        Rows of ``profile_snapshots``. Of a session with several snapshots those that fail are kept out by
        themselves; the session is blocked where none is left, or where it fails as a whole.
    spec
        The universe's settings.
    sessions
        The calendar's sessions of the range. Where an underlying of ``profiles`` has no row for one, that
        session is absent.
    overruled
        By session, critical checks that somebody has overruled (see ``releases``): their failure is told as a
        warning and keeps nothing out.

    Raises
    ------
    DataQualityError
        If there is nothing to judge, a row lacks a column, or Great Expectations itself fails.
    """
    rows = [*profiles, *_gaps(profiles, sessions or ())]
    if not rows:
        raise DataQualityError("no profile rows: a range without sessions cannot be judged; check its dates")
    for row in rows:
        lacking = [column for column in PROFILE_COLUMNS if column not in row]
        if lacking:
            raise DataQualityError(
                f"the profile row of {row.get('underlying')} {row.get('trade_date')} lacks {lacking}; "
                "build it with profile_snapshots"
            )
    suite = checks(spec)
    run = validate(profile_frame(rows, suite), suite)
    failed = run.failed
    by_session: dict[Key, list[int]] = {}
    for position, row in enumerate(rows):
        by_session.setdefault((row["trade_date"], row["underlying"]), []).append(position)
    results: list[ExpectationResult] = []
    verdicts: dict[Key, Verdict] = {}
    for key in sorted(by_session):
        released = (overruled or {}).get(key, frozenset())
        judged = [
            _overruled(_result(rows[position], check, position in failed[check.name]), released)
            for position in sorted(by_session[key], key=lambda p: _snapshot_order(rows[p]))
            for check in suite
            if check.judged(rows[position])
        ]
        kept = [r for r in judged if r.observed is not None or r.check in ALWAYS_JUDGED]
        several = [rows[p]["snapshot_id"] for p in by_session[key] if rows[p]["part"] == "snapshot"]
        verdicts[key], own = _session_verdict(key, kept, several)
        results += own
    return SuiteResult(verdicts=verdicts, results=results, validation=run.validation)


def _snapshot_order(row: Mapping[str, Any]) -> float:
    """Snapshots as they came, the session's own row last."""
    return math.inf if row["snapshot_id"] is None else float(row["snapshot_id"])


def _gaps(profiles: Sequence[Mapping[str, Any]], sessions: Sequence[dt.date]) -> list[dict[str, Any]]:
    present = {(row["trade_date"], row["underlying"]) for row in profiles}
    underlyings = sorted({row["underlying"] for row in profiles})
    return [
        absent_profile(day, name) for day in sessions for name in underlyings if (day, name) not in present
    ]


def _result(row: Mapping[str, Any], check: Check, failed: bool) -> ExpectationResult:
    observed = check.observed(row)
    if isinstance(observed, bool):
        observed = "true" if observed else "false"
    elif observed is not None and not isinstance(observed, str):
        observed = float(observed)
    return ExpectationResult(
        trade_date=row["trade_date"],
        underlying=row["underlying"],
        snapshot_id=row["snapshot_id"],
        check=check.name,
        severity=check.severity,
        passed=not failed,
        observed=observed,
        limit=check.limit_text,
        message=f"{_place(row)}: {check.sentence(row)}" if failed else "",
        details={"named": row["named"][check.name]} if failed and check.name in row["named"] else {},
    )


def _overruled(result: ExpectationResult, released: frozenset[str]) -> ExpectationResult:
    if result.passed or result.severity != "critical" or result.check not in released:
        return result
    return replace(result, severity="warning", message=f"{result.message} (released)")


def _place(row: Mapping[str, Any]) -> str:
    snapshot = f" snapshot {row['snapshot_id']}" if row["part"] == "snapshot" else ""
    return f"{row['underlying']} {row['trade_date']}{snapshot}"


def _session_verdict(
    key: Key, results: Sequence[ExpectationResult], snapshots: Sequence[int]
) -> tuple[Verdict, list[ExpectationResult]]:
    """The verdict, and the results worth keeping: of several snapshots each failure, and one row for a check
    that the others passed."""
    whole = [r for r in results if not snapshots or r.snapshot_id is None]
    reasons = _messages(whole, "critical")
    cautions = _messages(whole, "warning")
    if not snapshots:
        absent = any(r.check == "present" and not r.passed for r in results)
        status: Status = "absent" if absent else "blocked" if reasons else "ok"
        return Verdict(status, reasons, cautions), list(results)
    of_snapshots = [r for r in results if r.snapshot_id is not None]
    kept_out: dict[int, tuple[str, ...]] = {}
    for snapshot in snapshots:
        found = _messages([r for r in of_snapshots if r.snapshot_id == snapshot], "critical")
        if found:
            kept_out[snapshot] = found
    left = len(snapshots) - len(kept_out)
    usable = _usable(key, left, len(snapshots))
    told = tuple(f"{key[1]} {key[0]}: {line}" for line in _kept_out_lines(kept_out, len(snapshots), key))
    cautions += _by_check(key, [r for r in of_snapshots if not r.passed and r.severity == "warning"])
    kept = [*_summarized(of_snapshots, {r.check for r in whole}), *whole, usable]
    if left == 0 or reasons:
        why = reasons + (() if left else (usable.message, *told))
        return Verdict("blocked", why, cautions if left == 0 else cautions + told), kept
    return Verdict("ok", (), cautions + told, kept_out), kept


def _messages(results: Sequence[ExpectationResult], severity: Severity) -> tuple[str, ...]:
    return tuple(r.message for r in results if not r.passed and r.severity == severity)


def _by_check(key: Key, failures: Sequence[ExpectationResult]) -> tuple[str, ...]:
    """One line per check, so that what 300 snapshots show alike is said once."""
    found: dict[str, list[ExpectationResult]] = {}
    for failure in failures:
        found.setdefault(failure.check, []).append(failure)
    lines = []
    for alike in found.values():
        first = alike[0].message
        said = first.split(": ", 1)[-1]
        lines.append(
            first
            if len(alike) == 1
            else f"{key[1]} {key[0]}: {len(alike)} snapshots: {said} (snapshot {alike[0].snapshot_id})"
        )
    return tuple(lines)


def _usable(key: Key, left: int, snapshots: int) -> ExpectationResult:
    message = "" if left else f"{key[1]} {key[0]}: none of its {snapshots} snapshots is usable"
    return ExpectationResult(
        key[0], key[1], None, "usable_snapshots", "critical", left > 0, float(left), "at least 1", message
    )


def _kept_out_lines(kept_out: Mapping[int, tuple[str, ...]], snapshots: int, key: Key) -> list[str]:
    """One line per distinct set of reasons, so that 300 snapshots with one fault are one line."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for snapshot, found in kept_out.items():
        bare = tuple(reason.split(": ", 1)[-1] for reason in found)
        kinds = tuple(re.sub(r"[0-9][0-9.,:%-]*", "#", text) for text in bare)
        alike.setdefault(kinds, []).append(snapshot)
    lines = []
    for numbers in alike.values():
        first = "; ".join(reason.split(": ", 1)[-1] for reason in kept_out[numbers[0]])
        named = ", ".join(map(str, numbers[:_SHOWN_SNAPSHOTS]))
        more = f" and {len(numbers) - _SHOWN_SNAPSHOTS} more" if len(numbers) > _SHOWN_SNAPSHOTS else ""
        example = f" (of {numbers[0]})" if len(numbers) > 1 else ""
        lines.append(f"{len(numbers)} of {snapshots} snapshots kept out ({named}{more}): {first}{example}")
    return lines


def _summarized(results: Sequence[ExpectationResult], of_session: set[str]) -> list[ExpectationResult]:
    """Failures as they are; a check's passes over the snapshots of a session as one row.

    Where the session itself was judged by that check too (its untyped rows), its own row stands for both: results
    are kept by session, check and snapshot.
    """
    failures = [r for r in results if not r.passed]
    passes: dict[str, list[ExpectationResult]] = {}
    for r in results:
        if r.passed:
            passes.setdefault(r.check, []).append(r)
    summed = [
        replace(found[0], snapshot_id=None, observed=None, details={"snapshots_passed": len(found)})
        for check, found in passes.items()
        if check not in of_session
    ]
    return [*failures, *summed]
