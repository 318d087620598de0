"""Everything about one run that goes to Postgres, checked before a row is written."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.backtest.result import RESULT_TABLES, Columns
from resources.database.errors import RunRecordError

FULL = "full"
OUT_OF_SAMPLE = "out_of_sample"
_SCOPE = re.compile(r"full|out_of_sample|window:\d{4}-\d{2}")


def window_scope(window_key: str) -> str:
    """The metrics scope of one walk-forward window, ``window:YYYY-MM``."""
    return f"window:{window_key}"


@dataclass(frozen=True)
class WindowRecord:
    """One walk-forward window. ``trials`` holds every parameter set tried, failures included."""

    window_key: str
    train_start: dt.date
    train_end: dt.date
    test_start: dt.date
    test_end: dt.date
    objective: str
    parameters: Mapping[str, Any]
    in_sample: float | None
    out_of_sample: float | None
    trials: Sequence[Mapping[str, Any]] = ()
    result_digest: str | None = None


@dataclass(frozen=True)
class MonteCarloRecord:
    """One statistic over the paths of one method, as ``engine.validation.monte_carlo.MonteCarloSummary``, with the
    confidence of its interval."""

    method: str
    statistic: str
    mean: float | None
    median: float | None
    lower: float | None
    upper: float | None
    std_error: float | None
    confidence: float
    paths: int


@dataclass(frozen=True)
class RunInputRecord:
    """A file of the lake behind the run: a ``layer`` file that was read, or a ``raw`` harvest record under it."""

    kind: str
    path: str
    sha256: str
    universe: str
    dataset: str
    key: str


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes
    ----------
    id
        ``resources.database.run_id.run_id`` of the three digests and the seed.
    config
        The study and the universe as they were, JSON-ready.
    base_currency, quote_currency
        Of NAV, and of option prices.
    completed_at
        With a time zone. The clock's business only: no digest contains it.
    tables
        ``BacktestResult.tables`` of the run over the study's whole period.
    metrics
        scope (``full``, ``out_of_sample``, ``window:YYYY-MM``) -> metric -> value; None or NaN where undefined.
    """

    id: uuid.UUID
    study: str
    universe: str
    config: Mapping[str, Any]
    base_currency: str
    quote_currency: str
    code_digest: str
    study_digest: str
    inputs_digest: str
    result_digest: str
    seed: int
    completed_at: dt.datetime
    tables: Mapping[str, Columns]
    environment: Mapping[str, Any] = field(default_factory=dict)
    flags: Sequence[str] = ()
    metrics: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    windows: Sequence[WindowRecord] = ()
    monte_carlo: Sequence[MonteCarloRecord] = ()
    inputs: Sequence[RunInputRecord] = ()
    status: str = "completed"

    def __post_init__(self) -> None:
        if self.completed_at.tzinfo is None:
            raise RunRecordError(
                f"run {self.id}: completed_at {self.completed_at} has no time zone; give UTC"
            )
        for scope in self.metrics:
            if not _SCOPE.fullmatch(scope):
                raise RunRecordError(
                    f"run {self.id}: {scope!r} is no metrics scope (full, out_of_sample, window:YYYY-MM)"
                )
        _check_tables(self.id, self.tables)


def _check_tables(run: uuid.UUID, tables: Mapping[str, Columns]) -> None:
    if tables.keys() != RESULT_TABLES.keys():
        odd = ", ".join(sorted(set(tables) ^ set(RESULT_TABLES)))
        raise RunRecordError(f"run {run}: its tables and RESULT_TABLES differ in {odd}")
    for name, columns in tables.items():
        if columns.keys() != RESULT_TABLES[name].keys():
            odd = ", ".join(sorted(set(columns) ^ set(RESULT_TABLES[name])))
            raise RunRecordError(f"run {run}: table {name} and RESULT_TABLES differ in {odd}")
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise RunRecordError(f"run {run}: the columns of table {name} have lengths {sorted(lengths)}")
