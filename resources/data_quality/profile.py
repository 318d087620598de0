"""Profile rows: the numbers that the suite judges.

A session of one snapshot has one row. One of several has a row per snapshot, and one for the session as a
whole, which compares its last snapshot with that of the session before.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.corporate_actions.events import CorporateAction
from resources.data_quality.chain_shape import Reference
from resources.data_quality.columns import (
    MISSING_US,
    codes,
    from_row,
    instants_us,
    require_columns,
)
from resources.data_quality.profile_columns import (
    Profile,
    SessionCalendar,
    empty_profile,
    payload_time,
)
from resources.data_quality.repeats import comparable, repetition
from resources.data_quality.row_verdict import RowVerdict
from resources.data_quality.snapshot_profile import snapshot_rows
from resources.data_quality.structure_profile import add_session_measures, add_snapshot_measures
from resources.schemas import QUOTE_SCHEMA
from resources.universe import QualitySpec


def profile_snapshots(
    *,
    trade_date: dt.date,
    underlying: str,
    spec: QualitySpec,
    calendar: SessionCalendar,
    timezone: str,
    quotes: pa.Table | None,
    verdict: RowVerdict | None,
    rejected: pa.Table | None = None,
    payload_ts_us: int | None = None,
    snapshot_payload_ts_us: Mapping[int, int] | None = None,
    problem: str | None = None,
    previous: pa.Table | Reference | None = None,
    actions: Sequence[CorporateAction] = (),
) -> list[Profile]:
    """Measure one underlying's session.

    Parameters
    ----------
    trade_date, underlying
        What the payload claims to be.
    spec
        Thresholds that a count depends on (``wide_relative_spread``, ``stale_after_minutes``).
    calendar, timezone
        The universe's; they turn instants into sessions.
    quotes
        The parsed table in ``QUOTE_SCHEMA`` before the row rules; None when there is no payload.
    verdict
        What ``apply_row_rules`` made of ``quotes``.
    rejected
        Rows that could not be typed at all, in ``QUARANTINE_SCHEMA``.
    payload_ts_us
        The instant (UTC microseconds) at which the source says that the payload is true; None if it does not.
    snapshot_payload_ts_us
        The same by ``snapshot_id``, where each snapshot's own payload says so.
    problem
        Why the payload as a whole cannot be read; then nothing else is measured.
    previous
        The last snapshot of the last session before that had a payload, whether or not that one was blocked
        (so that the second repeat in a row is found too); None at the start of a history.
    actions
        Corporate actions known on that day: a split explains new strikes and another spot.

    Returns
    -------
    list of dict
        In order of snapshots, the session's own row last; of a session with one snapshot, one row. Every key
        on every row; None where the number does not exist. Fractions are of 1.

    Raises
    ------
    ValueError
        If the table holds another underlying, or a verdict is missing.
    """
    whole = empty_profile(trade_date, underlying)
    whole["problem"] = problem
    if payload_ts_us is not None:
        whole.update(payload_time(payload_ts_us, trade_date, calendar, timezone))
    if problem is not None:
        return [whole]  # counts of what could not be read would only be noise beside the problem
    if quotes is None:
        whole["absent"] = True
        return [whole]
    if verdict is None:
        raise ValueError(f"{underlying} {trade_date}: a profile needs apply_row_rules' verdict on quotes")
    require_columns(quotes, QUOTE_SCHEMA, f"the quote table of {underlying} {trade_date}")
    _refuse_others(quotes, underlying, trade_date)
    reference = Reference(previous) if isinstance(previous, pa.Table) else previous
    before = None if reference is None else reference.quotes
    if before is not None:
        require_columns(before, QUOTE_SCHEMA, f"the session before {underlying} {trade_date}")
    rows = snapshot_rows(whole, quotes, verdict, spec)
    add_snapshot_measures(rows, quotes, verdict, calendar, spec)
    if len(rows) == 1:
        _add_untyped(rows[0], rejected)
        rows[0].update(_last_trade(quotes, timezone))
        if before is not None:
            rows[0].update(_against_session_before(quotes, quotes.num_rows, before, timezone))
        borne_out = rows[0]["measures"].get("spot_from_forwards")
        _as_a_session(rows[0], quotes, verdict, reference, actions, calendar, spec, borne_out)
        return rows
    own_times = snapshot_payload_ts_us or {}
    for row in rows:
        row.update(part="snapshot", payload_session=None, payload_local=None, payload_in_session=None)
        if row["snapshot_id"] in own_times:
            row.update(payload_time(own_times[row["snapshot_id"]], trade_date, calendar, timezone))
    _compare_snapshots(rows, quotes, verdict, before, timezone)
    last = from_row(quotes, int(verdict.counts.starts[-1]))
    session = {
        **whole,
        "measures": {},
        "named": {},
        "part": "session",
        "snapshots": len(rows),
        "rows": quotes.num_rows,
        "rows_untyped": 0,
    }
    if own_times:  # each snapshot answers for its own time
        session["payload_session"] = None
    _add_untyped(session, rejected)
    session.update(_last_trade(quotes, timezone))
    if before is not None:
        largest = max(row["rows"] for row in rows)
        session.update(_against_session_before(last, largest, before, timezone))
    borne_out = rows[-1]["measures"].get("spot_from_forwards")
    _as_a_session(session, quotes, verdict, reference, actions, calendar, spec, borne_out)
    return [*rows, session]


def _as_a_session(
    row: Profile,
    quotes: pa.Table,
    verdict: RowVerdict,
    reference: Reference | None,
    actions: Sequence[CorporateAction],
    calendar: SessionCalendar,
    spec: QualitySpec,
    spot_from_forwards: float | None,
) -> None:
    """What only the day as a whole can be asked; a half day may be short for good reason."""
    repeated = any(
        (row[name] or 0.0) >= spec.repeat_fraction for name in ("equal_fraction", "traded_equal_fraction")
    )
    add_session_measures(
        row, quotes, verdict, reference, actions, calendar, spec, repeated, spot_from_forwards
    )
    if calendar.is_session(row["trade_date"]) and calendar.early_close_shift_us(row["trade_date"]) < 0:
        row["row_ratio"] = None


def profile_session(**arguments: Any) -> Profile:
    """The only row of a session that has one snapshot; arguments as of ``profile_snapshots``.

    Raises
    ------
    ValueError
        If the table holds several snapshots.
    """
    rows = profile_snapshots(**arguments)
    if len(rows) != 1:
        raise ValueError(
            f"{arguments['underlying']} {arguments['trade_date']}: the table holds snapshots "
            f"{[row['snapshot_id'] for row in rows[:-1]]}; profile them with profile_snapshots"
        )
    return rows[0]


def last_snapshot(quotes: pa.Table) -> pa.Table:
    """The rows of the latest snapshot of a table in the lake's order."""
    ids = quotes.column("snapshot_id")
    return quotes.filter(pc.equal(ids, ids[-1])) if quotes.num_rows else quotes


def _refuse_others(quotes: pa.Table, underlying: str, trade_date: dt.date) -> None:
    present, names = codes(quotes, "underlying")
    others = sorted({names[code] for code in np.unique(present) if code >= 0} - {underlying})
    if others:
        raise ValueError(f"{underlying} {trade_date}: the table also holds {others}; profile them one by one")


def _add_untyped(profile: Profile, rejected: pa.Table | None) -> None:
    """Rows that could not be typed: they belong to the session, and to its only snapshot."""
    if rejected is None or not rejected.num_rows:
        return
    bad = (profile["rows_quarantined"] or 0) + rejected.num_rows
    by_rule = dict(profile["quarantined_by_rule"])
    for reason, count in _reason_counts(rejected).items():
        by_rule[reason] = by_rule.get(reason, 0) + count
    profile.update(
        rows_untyped=rejected.num_rows,
        rows_quarantined=bad,
        quarantined_fraction=bad / (profile["rows"] + rejected.num_rows),
        quarantined_by_rule=by_rule,
    )


def _against_session_before(last: pa.Table, rows: int, previous: pa.Table, timezone: str) -> Profile:
    seen = repetition(*comparable([last, previous]), timezone)
    return {
        "previous_rows": previous.num_rows,
        "row_ratio": rows / previous.num_rows if previous.num_rows else None,
        "common_contracts": seen.common,
        "equal_fraction": seen.equal_fraction,
        "traded_contracts": seen.traded,
        "traded_equal_fraction": seen.traded_equal_fraction,
    }


def _compare_snapshots(
    rows: list[Profile], quotes: pa.Table, verdict: RowVerdict, previous: pa.Table | None, timezone: str
) -> None:
    """Each snapshot against the one before it, the first against the last of the session before."""
    here, *there = comparable([quotes] if previous is None else [quotes, previous])
    before = there[0] if there else None
    bounds = zip(verdict.counts.starts.tolist(), verdict.counts.stops.tolist(), strict=True)
    for row, (start, stop) in zip(rows, bounds, strict=True):
        now = here.slice(start, stop)
        if before is not None:
            seen = repetition(now, before, timezone, with_spot=True)
            row.update(snapshot_contracts=seen.common, snapshot_equal_fraction=seen.equal_fraction)
        before = now


def _reason_counts(rejected: pa.Table) -> dict[str, int]:
    counts = pc.value_counts(pc.list_flatten(rejected.column("reasons").combine_chunks()))
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist()}


def _last_trade(quotes: pa.Table, timezone: str) -> Profile:
    latest = int(instants_us(quotes, "last_trade_ts").max(initial=MISSING_US))
    if latest == MISSING_US:
        return {}
    return {"last_trade_max_date": dt.datetime.fromtimestamp(latest / 1e6, ZoneInfo(timezone)).date()}
