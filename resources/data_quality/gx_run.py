"""One run of Great Expectations over a frame: which rows fail which check, or an error, never a guess."""

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from resources.data_quality.checks import Check

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.expectations.expectation import Expectation


class DataQualityError(RuntimeError):
    """The suite could not judge. Never to be read as a pass."""


def profile_frame(rows: Sequence[Mapping[str, Any]], suite: Sequence[Check]) -> "pd.DataFrame":
    """One row per profile, one column per check, with an index from 0 (failures are named by it)."""
    import pandas as pd

    columns: dict[str, pd.Series] = {
        "trade_date": pd.Series([row["trade_date"].isoformat() for row in rows], dtype=object)
    }
    for check in suite:
        observed = [check.observed(row) for row in rows]
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


@dataclass(frozen=True)
class GxRun:
    """What one run answered.

    Attributes
    ----------
    failed
        By check, the positions of the rows that fail it.
    validation
        Great Expectations' own result, for its Data Docs.
    """

    failed: dict[str, set[int]]
    validation: "ExpectationSuiteValidationResult"


def failed_rows(frame: "pd.DataFrame", suite: Sequence[Check]) -> dict[str, set[int]]:
    """The positions of the rows that fail each check; raises as ``validate`` does."""
    return validate(frame, suite).failed


def validate(frame: "pd.DataFrame", suite: Sequence[Check], name: str = "session_profiles") -> GxRun:
    """Run Great Expectations once over a frame with an index from 0.

    Raises
    ------
    DataQualityError
        If an expectation raised inside Great Expectations, was not run, or saw another number of rows.
    """
    # a column without any value says nothing, unless that is what the check wants
    silent = {
        c.column for c in suite if c.rule != "is_null" and c.column in frame and frame[c.column].isna().all()
    }
    judged = [c for c in suite if c.column not in silent]
    validation = _run(frame, judged, name)
    failed: dict[str, set[int]] = {check.name: set() for check in suite}
    for check, outcome in _by_check(validation, judged):
        failed[check.name] = _failing(check, outcome, frame)
    return GxRun(failed, validation)


def _breaking(check: Check, frame: "pd.DataFrame") -> "pd.Series[bool]":
    """The rows that break a check, by its rule."""
    given = frame[check.column]
    known = given.notna()
    if check.rule == "is_null":
        return known
    if check.rule == "equals_trade_date":
        return known & (given != frame["trade_date"])
    if check.rule in ("is_true", "is_false"):
        return known & (given != (check.rule == "is_true"))
    if check.rule == "at_least":
        return given < check.limit
    return given > check.limit if check.rule == "at_most" else given >= check.limit


def _run(frame: "pd.DataFrame", suite: Sequence[Check], name: str) -> "ExpectationSuiteValidationResult":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch_definition = _whole_frame()
        import great_expectations as gx

        gx_suite = gx.ExpectationSuite(name, expectations=[_expectation(c) for c in suite])
        batch = batch_definition.get_batch({"dataframe": frame})
        return batch.validate(gx_suite, result_format={"result_format": "BASIC"})


def _by_check(
    validation: "ExpectationSuiteValidationResult", suite: Sequence[Check]
) -> list[tuple[Check, Any]]:
    """Each check with its result; an error where one was not run."""
    found = {}
    for outcome in validation.results:
        if outcome.expectation_config is None:
            raise DataQualityError("Great Expectations returned a result without naming its expectation")
        found[outcome.expectation_config.meta["check"]] = outcome
    not_run = [check.name for check in suite if check.name not in found]
    if not_run:
        raise DataQualityError(f"Great Expectations did not run {not_run}; no row of the range is judged")
    return [(check, found[check.name]) for check in suite]


def _failing(check: Check, outcome: Any, frame: "pd.DataFrame") -> set[int]:
    """The positions of the rows that fail.

    Great Expectations judges and counts; to have it list the rows would cost as much again. They are found by the
    check's rule instead, and must be as many as it counted.
    """
    raised = _exception_message(outcome.exception_info)
    if raised is not None:
        raise DataQualityError(f"check {check.name} could not be judged: {raised}")
    count, unexpected = outcome.result.get("element_count"), outcome.result.get("unexpected_count")
    rows = set(_breaking(check, frame).to_numpy().nonzero()[0].tolist())
    consistent = count == len(frame) and unexpected == len(rows) and bool(outcome.success) == (not rows)
    if not consistent:
        raise DataQualityError(
            f"check {check.name} judged {count} of {len(frame)} rows and answered success={outcome.success} with "
            f"{unexpected} failing rows, where {len(rows)} break its rule: this contradicts itself, so no row of "
            "the range is judged"
        )
    return rows


@cache
def _whole_frame() -> Any:
    """The batch definition that every run hands its frame to; a context costs more than a run's frame does."""
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
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("profiles").add_dataframe_asset("range")
    return asset.add_batch_definition_whole_dataframe("all")


def _exception_message(info: Mapping[str, Any] | None) -> str | None:
    """Great Expectations reports an exception flat, or under one key per metric."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None
