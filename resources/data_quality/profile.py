"""One profile row per session, underlying and snapshot: the numbers that the suite judges."""

import datetime as dt
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from resources.data_quality.columns import (
    MISSING_US,
    codes,
    days,
    floats,
    instants_us,
    require_columns,
)
from resources.data_quality.contract_keys import contract_codes
from resources.data_quality.grade import is_wide
from resources.data_quality.repeats import repetition
from resources.data_quality.row_rules import RowVerdict
from resources.schemas import QUOTE_SCHEMA
from resources.universe import QualitySpec

#: Fields without which a quote cannot be used: everything that the schema calls non-null, and the spot.
REQUIRED_FIELDS = tuple(field.name for field in QUOTE_SCHEMA if not field.nullable) + ("spot",)
#: Missing here is a market without that side, not a defect; reported for the heatmap of missing quotes.
OPTIONAL_SIDES = ("bid", "ask", "last", "bid_size", "ask_size", "volume", "open_interest")

DAY_US = 86_400 * 10**6
Profile = dict[str, Any]


class SessionCalendar(Protocol):
    """The part of ``engine.calendars.TradingCalendar`` that a profile needs."""

    def session_of(self, ts_us: int, timezone: str, /) -> dt.date: ...
    def open_us(self, day: dt.date, /) -> int: ...
    def close_us(self, day: dt.date, /) -> int: ...


def profile_session(
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
    problem: str | None = None,
    previous: pa.Table | None = None,
) -> Profile:
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
        The parsed table in ``QUOTE_SCHEMA`` before the row rules, of one snapshot; None when there is no
        payload.
    verdict
        What ``apply_row_rules`` made of ``quotes``.
    rejected
        Rows that could not be typed at all, in ``QUARANTINE_SCHEMA``.
    payload_ts_us
        The instant (UTC microseconds) at which the source says that the payload is true; None if it does not.
    problem
        Why the payload as a whole cannot be read; then nothing else is measured.
    previous
        ``quotes`` of the last session before that had a payload, whether or not that one was blocked (so
        that the second repeat in a row is found too); None at the start of a history.

    Returns
    -------
    dict
        Every key on every row; None where the number does not exist. Fractions are of 1.

    Raises
    ------
    ValueError
        If the table holds another underlying or several snapshots, or a verdict is missing.
    """
    profile = _empty(trade_date, underlying)
    profile["problem"] = problem
    if payload_ts_us is not None:
        profile.update(_payload_time(payload_ts_us, trade_date, calendar, timezone))
    if problem is not None:
        return profile  # counts of what could not be read would only be noise beside the problem
    if quotes is None:
        profile["absent"] = True
        return profile
    if verdict is None:
        raise ValueError(
            f"{underlying} {trade_date}: profile_session needs apply_row_rules' verdict on quotes"
        )
    require_columns(quotes, QUOTE_SCHEMA, f"the quote table of {underlying} {trade_date}")
    profile["snapshot_id"] = _snapshot(quotes, underlying, trade_date)
    untyped = 0 if rejected is None else rejected.num_rows
    received = quotes.num_rows + untyped
    bad = verdict.quarantined.num_rows + untyped
    by_rule = {rule: count for rule, count in verdict.failures.items() if count}
    if rejected is not None:
        for reason, count in _reason_counts(rejected).items():
            by_rule[reason] = by_rule.get(reason, 0) + count
    profile.update(
        rows=quotes.num_rows,
        rows_untyped=untyped,
        rows_clean=verdict.clean.num_rows,
        rows_quarantined=bad,
        quarantined_fraction=bad / received if received else None,
        quarantined_by_rule=by_rule,
        expired=verdict.failures["expired"],
    )
    profile.update(_missing(quotes))
    profile.update(_quote_counts(quotes, spec))
    profile.update(_distinct(quotes))
    profile.update(_ages(quotes, spec, timezone))
    clean_bid, clean_ask = floats(verdict.clean, "bid"), floats(verdict.clean, "ask")
    profile["rows_quoted"] = int((~np.isnan(clean_bid) | ~np.isnan(clean_ask)).sum())
    if previous is not None:
        require_columns(previous, QUOTE_SCHEMA, f"the session before {underlying} {trade_date}")
        seen = repetition(quotes, previous, timezone)
        profile.update(
            previous_rows=previous.num_rows,
            row_ratio=quotes.num_rows / previous.num_rows if previous.num_rows else None,
            common_contracts=seen.common,
            equal_fraction=seen.equal_fraction,
            traded_contracts=seen.traded,
            traded_equal_fraction=seen.traded_equal_fraction,
        )
    return profile


def absent_profile(trade_date: dt.date, underlying: str) -> Profile:
    """The profile of a session for which no payload was delivered."""
    return {**_empty(trade_date, underlying), "absent": True}


def _empty(trade_date: dt.date, underlying: str) -> Profile:
    """Every column; None is a number that does not exist, and no expectation judges it."""
    nothing: Profile = dict.fromkeys(PROFILE_COLUMNS)
    nothing.update(
        trade_date=trade_date,
        underlying=underlying,
        absent=False,
        quarantined_by_rule={},
        missing_fraction={},
    )
    return nothing


PROFILE_COLUMNS = (
    *("trade_date", "underlying", "snapshot_id", "absent", "problem"),
    *("payload_session", "payload_local", "payload_in_session"),
    *("rows", "rows_untyped", "rows_clean", "rows_quoted", "rows_quarantined"),
    *("quarantined_fraction", "quarantined_by_rule", "expired"),
    *("missing_fraction", "missing_worst_field", "missing_worst_fraction"),
    *("crossed", "locked", "one_sided", "no_quote", "wide"),
    *("expiries", "strikes", "roots", "duplicate_keys"),
    *("last_trade_max_date", "quote_age_median_seconds", "quote_age_max_seconds", "stale"),
    *("previous_rows", "row_ratio", "common_contracts", "equal_fraction"),
    *("traded_contracts", "traded_equal_fraction"),
)


def _payload_time(ts_us: int, trade_date: dt.date, calendar: SessionCalendar, timezone: str) -> Profile:
    session = calendar.session_of(ts_us, timezone)
    profile: Profile = {"payload_session": session, "payload_local": local_text(ts_us, timezone)}
    if session == trade_date:
        opened, closed = calendar.open_us(trade_date), calendar.close_us(trade_date)
        # a market that never closes has no end of session that a payload could miss
        round_the_clock = closed - opened >= DAY_US - 60 * 10**6
        profile["payload_in_session"] = not round_the_clock and ts_us < closed
    return profile


def local_text(ts_us: int, timezone: str) -> str:
    """An instant as a reader of that exchange writes it: ``2026-07-22 21:14 New York``."""
    instant = dt.datetime.fromtimestamp(ts_us / 1e6, tz=ZoneInfo(timezone))
    return f"{instant:%Y-%m-%d %H:%M} {timezone.rsplit('/', 1)[-1].replace('_', ' ')}"


def _snapshot(quotes: pa.Table, underlying: str, trade_date: dt.date) -> int | None:
    found = sorted(v for v in pc.unique(quotes.column("snapshot_id")).to_pylist() if v is not None)
    if len(found) > 1:
        raise ValueError(
            f"{underlying} {trade_date}: the table holds snapshots {found}; profile them one by one"
        )
    present, names = codes(quotes, "underlying")
    others = sorted({names[code] for code in np.unique(present) if code >= 0} - {underlying})
    if others:
        raise ValueError(f"{underlying} {trade_date}: the table also holds {others}; profile them one by one")
    return found[0] if found else None


def _reason_counts(rejected: pa.Table) -> dict[str, int]:
    counts = pc.value_counts(pc.list_flatten(rejected.column("reasons").combine_chunks()))
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist()}


def _missing(quotes: pa.Table) -> Profile:
    rows = quotes.num_rows
    if rows == 0:
        return {}
    fraction: dict[str, float] = {}
    for name in (*REQUIRED_FIELDS, *OPTIONAL_SIDES):
        kind = quotes.schema.field(name).type
        if pa.types.is_dictionary(kind):
            count = int((codes(quotes, name)[0] < 0).sum())
        elif pa.types.is_floating(kind):
            count = int(np.isnan(floats(quotes, name)).sum())  # NaN is as missing as null
        else:
            count = quotes.column(name).null_count
        fraction[name] = count / rows
    worst = max(REQUIRED_FIELDS, key=lambda name: fraction[name])
    return {
        "missing_fraction": fraction,
        "missing_worst_field": worst if fraction[worst] else None,
        "missing_worst_fraction": fraction[worst],
    }


def _quote_counts(quotes: pa.Table, spec: QualitySpec) -> Profile:
    bid, ask = floats(quotes, "bid"), floats(quotes, "ask")
    no_bid, no_ask = np.isnan(bid), np.isnan(ask)
    return {
        "crossed": int((bid > ask).sum()),
        "locked": int((bid == ask).sum()),
        "one_sided": int((no_bid ^ no_ask).sum()),
        "no_quote": int((no_bid & no_ask).sum()),
        "wide": int(is_wide(bid, ask, spec).sum()),
    }


def _distinct(quotes: pa.Table) -> Profile:
    code = contract_codes([quotes], with_ts=True)[0]
    keyed = code[code >= 0]
    root_codes = codes(quotes, "root")[0]
    strikes = floats(quotes, "strike")
    return {
        "expiries": len(np.unique(days(quotes, "expiry"))),
        "strikes": len(np.unique(strikes[~np.isnan(strikes)])),
        "roots": len(np.unique(root_codes[root_codes >= 0])),
        "duplicate_keys": len(keyed) - len(np.unique(keyed)),
    }


def _ages(quotes: pa.Table, spec: QualitySpec, timezone: str) -> Profile:
    profile: Profile = {}
    last_trade = instants_us(quotes, "last_trade_ts")
    latest = int(last_trade.max(initial=MISSING_US))
    if latest != MISSING_US:
        profile["last_trade_max_date"] = dt.datetime.fromtimestamp(latest / 1e6, ZoneInfo(timezone)).date()
    quote_ts, ts = instants_us(quotes, "quote_ts"), instants_us(quotes, "ts")
    known = (quote_ts != MISSING_US) & (ts != MISSING_US)
    if known.any():
        age_seconds = (ts[known] - quote_ts[known]) / 1e6
        profile["quote_age_median_seconds"] = float(np.median(age_seconds))
        profile["quote_age_max_seconds"] = float(age_seconds.max())
        profile["stale"] = int((age_seconds > spec.stale_after_minutes * 60.0).sum())
    return profile
