"""What the suite expects of a profile row: each check's rule, limit, severity and sentence.

A check judges one column of the profile frame; a missing value is not judged, because the number does not
exist (no session before, no payload time, nothing received). Whether that alone is a failure is said by the
checks ``present`` and ``readable``, and ``last_trade`` for a source that must give last trades.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from resources.data_quality.catalogue import CATALOGUE
from resources.data_quality.check_definition import Level, Severity
from resources.data_quality.structure_checks import SENTENCES, observed, sentence
from resources.universe import QualitySpec

Rule = Literal["at_least", "at_most", "below", "equals_trade_date", "is_null", "is_true", "is_false"]
Profile = Mapping[str, Any]

#: Fewer shared contracts than this prove nothing when they repeat.
MIN_CONTRACTS_FOR_REPEAT = 30


@dataclass(frozen=True)
class Check:
    """One expectation on one column.

    Attributes
    ----------
    column
        Of the profile frame, which ``observe`` fills.
    observe
        The value to judge, from a profile row; None where there is none.
    limit
        The number of the rule (``at_least``, ``at_most``, ``below``); None for the other rules.
    sentence
        What a failure says, after "SPY 2026-07-23: ".
    """

    name: str
    severity: Severity
    rule: Rule
    observe: Callable[[Profile], Any]
    sentence: Callable[[Profile], str]
    limit: float | None = None
    level: Level = "session"

    def judged(self, profile: Profile) -> bool:
        """Whether this check is about that part of a session.

        A session's own row also answers for what its snapshots cannot say: a payload time that is not theirs,
        rows that could not be typed.
        """
        return profile["part"] != "snapshot" or self.level == "snapshot"

    def observed(self, profile: Profile) -> Any:
        """What the check sees of a row; None where it has nothing to judge."""
        return self.observe(profile) if self.judged(profile) else None

    @property
    def column(self) -> str:
        return f"observed_{self.name}"

    @property
    def limit_text(self) -> str:
        """The rule in words, for the results table."""
        words = {
            "at_least": f"at least {self.limit:g}" if self.limit is not None else "",
            "at_most": f"at most {self.limit:g}" if self.limit is not None else "",
            "below": f"below {self.limit:g}" if self.limit is not None else "",
            "equals_trade_date": "the trade date",
            "is_null": "none",
            "is_true": "true",
            "is_false": "false",
        }
        return words[self.rule]


def _take(column: str) -> Callable[[Profile], Any]:
    return lambda profile: profile[column]


def _judged_repeat(fraction: str, contracts: str) -> Callable[[Profile], Any]:
    """The fraction where enough contracts stand behind it."""
    return lambda p: p[fraction] if (p[contracts] or 0) >= MIN_CONTRACTS_FOR_REPEAT else None


def _percent(fraction: float) -> str:
    """A fraction as a reader wants it; what is not all of it is never shown as 100%."""
    return "100%" if fraction == 1.0 else f"{100.0 * min(fraction, 0.9999):.4g}%"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _rules_broken(profile: Profile) -> str:
    broken = sorted(profile["quarantined_by_rule"].items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{rule} {count}" for rule, count in broken)


def _last_trade_sentence(profile: Profile) -> str:
    latest = profile["last_trade_max_date"]
    if latest is None:
        return (
            "no row has a last trade; for a source without them, or a name that may not trade, "
            "set quality.require_trade_in_session: false"
        )
    return f"the latest trade is of {latest}, not of the session"


def checks(spec: QualitySpec) -> tuple[Check, ...]:
    """The suite under a universe's settings, in the order in which reasons are listed; without what is off."""
    found = []
    measured = tuple(
        (name, "at_most", observed(name), sentence(name, _limit(spec, name))) for name in SENTENCES
    )
    for name, rule, observe, said in (*_rules(spec), *measured):
        severity = spec.severity(name)
        if CATALOGUE[name].level == "row" and severity == "critical":
            severity = "warning"  # the rows are quarantined; that there were some is told, and blocks nothing
        if severity != "off":
            level: Level = "snapshot" if CATALOGUE[name].level == "row" else CATALOGUE[name].level
            limit = (
                None
                if rule in ("is_true", "is_false", "is_null", "equals_trade_date")
                else _limit(spec, name)
            )
            found.append(Check(name, severity, rule, observe, said, limit, level))
    return tuple(found)


def _limit(spec: QualitySpec, name: str) -> float:
    limit = spec.limit(name)
    if name == "staleness":
        return float(limit or 0.0) * 60.0  # the profile counts seconds
    return 0.0 if limit is None else float(limit)


def _rules(
    spec: QualitySpec,
) -> tuple[tuple[str, Rule, Callable[[Profile], Any], Callable[[Profile], str]], ...]:
    """Name, rule, what it looks at and what a failure says."""

    def last_trade(p: Profile) -> Any:
        if p["last_trade_max_date"] is None:
            # only a source that must give last trades fails for giving none
            return "none" if spec.require_trade_in_session and p["rows"] is not None else None
        return p["last_trade_max_date"].isoformat()

    def payload_session(p: Profile) -> str | None:
        return None if p["payload_session"] is None else str(p["payload_session"].isoformat())

    return (
        (
            "present",
            "is_true",
            lambda p: not p["absent"],
            lambda p: "the calendar has a session, but no payload was delivered",
        ),
        ("readable", "is_null", _take("problem"), lambda p: str(p["problem"])),
        (
            "session",
            "equals_trade_date",
            payload_session,
            lambda p: f"the payload ({p['payload_local']}) belongs to session {p['payload_session']}",
        ),
        (
            "repeated_quotes",
            "below",
            _judged_repeat("equal_fraction", "common_contracts"),
            lambda p: (
                f"{_percent(p['equal_fraction'])} of {p['common_contracts']} contracts equal the session "
                f"before in bid, ask, sizes, last and volume (from {_percent(spec.repeat_fraction)} on it is "
                "a repeat)"
            ),
        ),
        (
            "repeated_trades",
            "below",
            _judged_repeat("traded_equal_fraction", "traded_contracts"),
            lambda p: (
                f"{_percent(p['traded_equal_fraction'])} of {p['traded_contracts']} traded contracts have "
                f"the last price and volume of the session before (from {_percent(spec.repeat_fraction)} on "
                "it is a repeat)"
            ),
        ),
        (
            "repeated_snapshot",
            "below",
            _judged_repeat("snapshot_equal_fraction", "snapshot_contracts"),
            lambda p: (
                f"{_percent(p['snapshot_equal_fraction'])} of {p['snapshot_contracts']} contracts, and spot, "
                "equal the snapshot before"
            ),
        ),
        ("last_trade", "equals_trade_date", last_trade, _last_trade_sentence),
        (
            "row_count",
            "at_least",
            _take("rows_clean"),
            lambda p: f"{p['rows_clean']} clean rows of {p['rows']}, fewer than {spec.min_rows}",
        ),
        (
            "quoted_rows",
            "at_least",
            _take("rows_quoted"),
            lambda p: f"{p['rows_quoted']} clean rows have a bid or an ask, fewer than {spec.min_rows}",
        ),
        (
            "missing_fields",
            "at_most",
            _take("missing_worst_fraction"),
            lambda p: (
                f"{p['missing_worst_field']} is missing in {_percent(p['missing_worst_fraction'])} of the "
                f"rows, more than {_percent(spec.max_missing_fraction)}"
            ),
        ),
        (
            "quarantined_fraction",
            "at_most",
            _take("quarantined_fraction"),
            lambda p: (
                f"{_percent(p['quarantined_fraction'])} of the rows are quarantined, more than "
                f"{_percent(spec.max_quarantined_fraction)}: {_rules_broken(p)}"
            ),
        ),
        (
            "row_ratio",
            "at_least",
            _take("row_ratio"),
            lambda p: (
                f"{p['rows']} rows, {_percent(p['row_ratio'])} of the {p['previous_rows']} of the session "
                f"before (less than {_percent(spec.min_row_ratio)})"
            ),
        ),
        (
            "session_complete",
            "is_false",
            _take("payload_in_session"),
            lambda p: f"the payload ({p['payload_local']}) is from within the session, not from its close",
        ),
        (
            "crossed",
            "at_most",
            _take("crossed"),
            lambda p: _count(p["crossed"], "quote is crossed", "quotes are crossed"),
        ),
        (
            "staleness",
            "at_most",
            _take("quote_age_median_seconds"),
            lambda p: (
                f"half of the quotes are older than {p['quote_age_median_seconds'] / 60:.0f} minutes "
                f"(limit {spec.stale_after_minutes:g})"
            ),
        ),
        (
            "duplicate_keys",
            "at_most",
            _take("duplicate_keys"),
            lambda p: (
                f"{_count(p['duplicate_keys'], 'row repeats', 'rows repeat')} a contract of the same snapshot"
            ),
        ),
        (
            "expired_contracts",
            "at_most",
            _take("expired"),
            lambda p: (
                f"{_count(p['expired'], 'row is of a contract', 'rows are of contracts')} that had stopped "
                "trading before the session"
            ),
        ),
        (
            "untyped_rows",
            "at_most",
            _take("rows_untyped"),
            lambda p: (
                f"{_count(p['rows_untyped'], 'row', 'rows')} could not be typed, or had a root not valid that day"
            ),
        ),
    )
