"""Every check by name: what it catches, what it judges, and how severe it is unless a universe says otherwise.

A *row* check moves single quotes to quarantine; a *snapshot* check judges one snapshot of one underlying; a
*session* check judges the underlying's whole day. This is data only: ``row_rules`` and ``checks`` hold the
rules themselves, ``resources.universe`` lets a universe set severities and limits, docs/guide/universes.md
prints the table.
"""

from resources.data_quality.check_definition import CheckDefinition, Level
from resources.data_quality.measured_catalogue import MEASURED_CHECKS

ACTIONS: dict[Level, str] = {
    "row": "the row is quarantined",
    "snapshot": "the snapshot is quarantined; the session too where no snapshot is left",
    "session": "the underlying's session is blocked",
}


def _row(name: str, catches: str, *, fixed: bool = False) -> CheckDefinition:
    return CheckDefinition(name, "row", "critical", catches, fixed=fixed)


ROW_CHECKS = (
    _row(
        "missing_key",
        "a field that identifies the contract is null or blank, or the strike is NaN",
        fixed=True,
    ),
    _row("missing_time", "ts, known_at or settles_at is null", fixed=True),
    _row(
        "missing_term",
        "another field that every contract has (style, multiplier ...) is null or blank",
        fixed=True,
    ),
    _row("unknown_right", "right is neither C nor P", fixed=True),
    _row("other_trade_date", "the row is of another trade date than its partition", fixed=True),
    _row("nan_value", "a number is NaN (a missing one must be null)", fixed=True),
    _row("not_finite", "a number is infinite", fixed=True),
    _row("negative_price", "bid, ask, last or mark is below 0"),
    _row("zero_quote", "bid or ask is 0 (a missing side must be null)"),
    _row("negative_amount", "a size, volume or open interest is below 0"),
    _row("zero_strike", "strike is 0 or below"),
    _row("bad_multiplier", "multiplier is 0 or below"),
    _row("bad_spot", "spot is 0 or below"),
    _row("expired", "expiry or last trade date is before the trade date"),
    _row("known_too_early", "known_at is before ts: a trader would know the market before it was so"),
    _row(
        "known_too_late",
        "known_at is after ts plus the delay that the universe declares: a decision made then would use a "
        "quote that nobody had",
    ),
    _row("crossed", "bid is above ask"),
    _row(
        "duplicate_contract",
        "root, expiry, right, strike and ts are of another row too; of rows that are equal in every byte the "
        "first stays",
    ),
    _row("absurd_price", "a call is bid above spot (a coin-priced one above 1), or a put above its strike"),
)

SESSION_CHECKS = (
    CheckDefinition("present", "session", "critical", "a session without a payload", fixed=True),
    CheckDefinition("readable", "session", "critical", "a payload that cannot be read", fixed=True),
    CheckDefinition(
        "usable_snapshots",
        "session",
        "critical",
        "a session of several snapshots none of which is usable",
        limit=1,
        fixed=True,
    ),
    CheckDefinition(
        "session",
        "snapshot",
        "critical",
        "the payload's own time belongs to another session, earlier or later",
    ),
    CheckDefinition(
        "repeated_quotes",
        "session",
        "critical",
        "quotes, sizes, last and volume equal the session before",
        threshold="repeat_fraction",
    ),
    CheckDefinition(
        "repeated_trades",
        "session",
        "critical",
        "last prices and volumes of the traded contracts equal the session before",
        threshold="repeat_fraction",
    ),
    CheckDefinition(
        "repeated_snapshot",
        "snapshot",
        "critical",
        "a snapshot, spot included, that repeats the one before (after the close, or a stuck feed)",
        limit=1.0,
    ),
    CheckDefinition(
        "last_trade",
        "session",
        "critical",
        "the latest trade is of another session, earlier or later (see require_trade_in_session)",
    ),
    CheckDefinition("row_count", "snapshot", "critical", "too few clean rows", threshold="min_rows"),
    CheckDefinition(
        "quoted_rows", "snapshot", "critical", "too few clean rows with a bid or an ask", threshold="min_rows"
    ),
    CheckDefinition(
        "missing_fields",
        "snapshot",
        "critical",
        "a field that must be there is missing in too many rows",
        threshold="max_missing_fraction",
    ),
    CheckDefinition(
        "quarantined_fraction",
        "snapshot",
        "critical",
        "too many rows break a row check",
        threshold="max_quarantined_fraction",
    ),
    CheckDefinition(
        "row_ratio",
        "session",
        "warning",
        "far fewer rows than the session before; half days are excused",
        threshold="min_row_ratio",
    ),
    CheckDefinition(
        "session_complete", "session", "warning", "the last payload is from within the session, not its close"
    ),
    CheckDefinition(
        "staleness",
        "snapshot",
        "warning",
        "half of the quotes are older than stale_after_minutes",
        threshold="stale_after_minutes",
    ),
    CheckDefinition(
        "duplicate_keys", "snapshot", "warning", "rows that repeat a contract of the same snapshot", limit=0
    ),
    CheckDefinition(
        "expired_contracts", "snapshot", "warning", "contracts that had stopped trading before", limit=0
    ),
    CheckDefinition(
        "untyped_rows",
        "session",
        "warning",
        "rows that could not be typed, or of roots that were not valid that day",
        limit=0,
    ),
)

CATALOGUE: dict[str, CheckDefinition] = {d.name: d for d in (*ROW_CHECKS, *SESSION_CHECKS, *MEASURED_CHECKS)}


def checked_name(name: str) -> str:
    """``name`` if a check has it.

    Raises
    ------
    ValueError
        Naming the checks that there are.
    """
    if name not in CATALOGUE:
        raise ValueError(f"no check is named {name!r}; there are {', '.join(sorted(CATALOGUE))}")
    return name


def setting_problem(name: str, severity: str | None, limit: float | None) -> str | None:
    """Why a universe may not set this, or None."""
    definition = CATALOGUE[name]
    if severity is None and limit is None:
        return f"{name}: give a severity, a limit, or both"
    if definition.fixed and severity not in (None, definition.severity):
        return f"{name}: its severity is {definition.severity} always; without it nothing could be stored or used"
    if limit is not None and definition.threshold is not None:
        return f"{name}: its limit is quality.{definition.threshold}; set that instead"
    if limit is not None and definition.limit is None:
        return f"{name}: the check has no limit to set"
    return None
