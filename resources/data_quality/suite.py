"""The Great Expectations suite, run once over the profile rows of a whole range.

Great Expectations costs about 0.04 s a run whatever the number of rows, and seconds to import: so it judges
profiles, not quotes, and is imported when the first range is judged.
"""

import datetime as dt
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from resources.data_quality.checks import Check, Severity, checks
from resources.data_quality.profile import PROFILE_COLUMNS, absent_profile
from resources.universe import QualitySpec

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

Key = tuple[dt.date, str]
Status = Literal["ok", "blocked", "absent"]

#: judged even where nothing was received
ALWAYS_JUDGED = ("present", "readable")


class DataQualityError(RuntimeError):
    """The suite could not judge. Never to be read as a pass."""


@dataclass(frozen=True)
class Verdict:
    """What may happen with one underlying's session: only ``ok`` goes on."""

    status: Status
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExpectationResult:
    """One check of one profile row. ``message`` is empty where it passed."""

    trade_date: dt.date
    underlying: str
    snapshot_id: int | None
    check: str
    severity: Severity
    passed: bool
    observed: float | str | None
    limit: str
    message: str


@dataclass(frozen=True)
class SuiteResult:
    """Verdicts by (trade date, underlying), and every check that was judged."""

    verdicts: dict[Key, Verdict]
    results: list[ExpectationResult]


def run_suite(
    profiles: Sequence[Mapping[str, Any]],
    spec: QualitySpec,
    *,
    sessions: Sequence[dt.date] | None = None,
) -> SuiteResult:
    """Judge the profiles of a range.

    A verdict depends on its own profile and on ``spec`` alone, not on what else is in the range: a day judged
    by the nightly run and in a backfill gets the same one.

    Parameters
    ----------
    profiles
        Rows of ``profile_session``; several snapshots of a session are judged one by one and any that fails
        blocks the session.
    spec
        The universe's thresholds.
    sessions
        The calendar's sessions of the range. Where an underlying of ``profiles`` has no row for one, that
        session is absent.

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
                "build it with profile_session"
            )
    suite = checks(spec)
    failed = _failed_rows(_frame(rows, suite), suite)
    results: list[ExpectationResult] = []
    verdicts: dict[Key, Verdict] = {}
    for position, row in sorted(
        enumerate(rows),
        key=lambda item: (item[1]["trade_date"], item[1]["underlying"], item[1]["snapshot_id"] or 0),
    ):
        judged = [_result(row, check, position in failed[check.name]) for check in suite]
        kept = [r for r in judged if r.observed is not None or r.check in ALWAYS_JUDGED]
        results += kept
        key = (row["trade_date"], row["underlying"])
        verdicts[key] = _merge(verdicts.get(key), _verdict(kept))
    return SuiteResult(verdicts=verdicts, results=results)


def _gaps(profiles: Sequence[Mapping[str, Any]], sessions: Sequence[dt.date]) -> list[dict[str, Any]]:
    present = {(row["trade_date"], row["underlying"]) for row in profiles}
    underlyings = sorted({row["underlying"] for row in profiles})
    return [
        absent_profile(day, name) for day in sessions for name in underlyings if (day, name) not in present
    ]


def _frame(rows: Sequence[Mapping[str, Any]], suite: Sequence[Check]) -> "pd.DataFrame":
    """One row per profile, one column per check, with an index from 0 (failures are named by it)."""
    import pandas as pd

    columns: dict[str, pd.Series] = {
        "trade_date": pd.Series([row["trade_date"].isoformat() for row in rows], dtype=object)
    }
    for check in suite:
        observed = [check.observe(row) for row in rows]
        numeric = check.limit is not None
        columns[check.column] = pd.Series(observed, dtype="float64" if numeric else object)
    return pd.DataFrame(columns)


def _expectation(check: Check) -> "Expectation":
    from great_expectations.expectations.core.expect_column_pair_values_to_be_equal import (
        ExpectColumnPairValuesToBeEqual,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
        ExpectColumnValuesToBeInSet,
    )
    from great_expectations.expectations.core.expect_column_values_to_be_null import (
        ExpectColumnValuesToBeNull,
    )

    common: dict[str, Any] = {"severity": check.severity, "meta": {"check": check.name}}
    if check.rule == "equals_trade_date":
        return ExpectColumnPairValuesToBeEqual(
            column_A=check.column,
            column_B="trade_date",
            ignore_row_if="either_value_is_missing",
            **common,
        )
    common["column"] = check.column
    if check.rule == "is_null":
        return ExpectColumnValuesToBeNull(**common)
    if check.rule in ("is_true", "is_false"):
        return ExpectColumnValuesToBeInSet(value_set=[check.rule == "is_true"], **common)
    if check.rule == "at_least":
        return ExpectColumnValuesToBeBetween(min_value=check.limit, **common)
    return ExpectColumnValuesToBeBetween(max_value=check.limit, strict_max=check.rule == "below", **common)


def _failed_rows(frame: "pd.DataFrame", suite: Sequence[Check]) -> dict[str, set[int]]:
    """Run Great Expectations once; the positions of the rows that fail each check.

    Raises
    ------
    DataQualityError
        If an expectation raised inside Great Expectations, was not run, or saw another number of rows.
    """
    # read when the package is imported: no call home, whatever the environment says
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        # without the default documentation site, for which each context would leave a temporary folder
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral", project_config=config)
        batch = (
            context.data_sources.add_pandas("profiles")
            .add_dataframe_asset("range")
            .add_batch_definition_whole_dataframe("all")
            .get_batch({"dataframe": frame})
        )
        gx_suite = gx.ExpectationSuite("session_profiles", expectations=[_expectation(c) for c in suite])
        validation = batch.validate(gx_suite, result_format={"result_format": "COMPLETE"})
    failed: dict[str, set[int]] = {}
    for outcome in validation.results:
        if outcome.expectation_config is None:
            raise DataQualityError("Great Expectations returned a result without naming its expectation")
        name = outcome.expectation_config.meta["check"]
        failed[name] = _unexpected_rows(name, outcome, len(frame))
    not_run = [check.name for check in suite if check.name not in failed]
    if not_run:
        raise DataQualityError(f"Great Expectations did not run {not_run}; no row of the range is judged")
    return failed


def _unexpected_rows(name: str, outcome: Any, rows: int) -> set[int]:
    raised = _exception_message(outcome.exception_info)
    if raised is not None:
        raise DataQualityError(f"check {name} could not be judged: {raised}")
    count = outcome.result.get("element_count")
    unexpected = outcome.result.get("unexpected_index_list")
    if count != rows or unexpected is None or bool(unexpected) == bool(outcome.success):
        raise DataQualityError(
            f"check {name} judged {count} of {rows} rows and answered success={outcome.success} with failing "
            f"rows {unexpected}: this contradicts itself, so no row of the range is judged"
        )
    return {int(position) for position in unexpected}


def _exception_message(info: Mapping[str, Any] | None) -> str | None:
    """Great Expectations reports an exception flat, or under one key per metric."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None


def _result(row: Mapping[str, Any], check: Check, failed: bool) -> ExpectationResult:
    observed = check.observe(row)
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
        message=f"{row['underlying']} {row['trade_date']}: {check.sentence(row)}" if failed else "",
    )


def _verdict(results: Sequence[ExpectationResult]) -> Verdict:
    reasons = tuple(r.message for r in results if not r.passed and r.severity == "critical")
    cautions = tuple(r.message for r in results if not r.passed and r.severity == "warning")
    if any(r.check == "present" and not r.passed for r in results):
        return Verdict("absent", reasons, cautions)
    return Verdict("blocked" if reasons else "ok", reasons, cautions)


def _merge(earlier: Verdict | None, later: Verdict) -> Verdict:
    """Of several snapshots the worst status decides; every reason stays."""
    if earlier is None:
        return later
    order: tuple[Status, ...] = ("ok", "absent", "blocked")
    status = max(earlier.status, later.status, key=order.index)
    return Verdict(
        status,
        tuple(dict.fromkeys(earlier.reasons + later.reasons)),
        tuple(dict.fromkeys(earlier.warnings + later.warnings)),
    )
