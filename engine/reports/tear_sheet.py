"""The tear sheet: one self-contained HTML page about one run of one study."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from engine.backtest.result import BacktestResult
from engine.reports import record_sections, validation_sections
from engine.reports.flags import explained
from engine.reports.formatting import compact, day, instant, money, number, percent, value
from engine.validation.monte_carlo import MonteCarloResult
from engine.validation.stitching import StitchedRecord

#: latest trades that the page lists
TRADES_SHOWN = 50


@dataclass(frozen=True)
class TearSheetInputs:
    """Everything on the page; nothing is looked up elsewhere, so equal inputs give equal bytes.

    Attributes
    ----------
    study, description, universe, underlying
        As the study's YAML says.
    run_id
        The run that the page is about.
    currency
        Base currency of NAV and profits.
    nav_start
        Capital before the first snapshot.
    annualization
        Sessions a year, 252 or 365.
    result
        Tables, totals, coverage, flags and parameters of the run.
    metrics
        Of ``engine.analytics.metrics``, for the full range; further keys are shown after the known ones.
    stitched, monte_carlo
        None where the study has no such step; the page then says so.
    digests
        Label to digest (study, code, inputs, result), in the order shown.
    study_text
        The study's YAML as its author wrote it.
    lineage
        One mapping per input file: ``asset``, ``partition``, ``path``, ``sha256``, ``rows`` (None if unknown).
    warnings
        Shown in the banner beside the result's flags.
    """

    study: str
    description: str
    universe: str
    underlying: str
    run_id: str
    currency: str
    nav_start: float
    annualization: int
    result: BacktestResult
    metrics: Mapping[str, float | None]
    stitched: StitchedRecord | None = None
    monte_carlo: MonteCarloResult | None = None
    ruin_fraction: float | None = None
    seed: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    study_text: str = ""
    lineage: Sequence[Mapping[str, Any]] = ()
    warnings: tuple[str, ...] = ()


def tear_sheet(inputs: TearSheetInputs) -> str:
    """The page as HTML: inline styles and SVG, no script, nothing loaded from anywhere.

    Every text of the inputs is escaped; figures are the only markup that is not.

    Raises
    ------
    ValueError
        If the run has no equity rows: there is nothing to report.
    """
    if len(inputs.result.tables["equity"]["ts_us"]) == 0:
        raise ValueError(f"tear sheet of {inputs.study}, run {inputs.run_id}: the run has no equity rows")
    equity = inputs.result.tables["equity"]
    context = {
        "run": inputs,
        "css": _file("tear_sheet.css"),
        "period": f"{day(equity['trade_days'][0])} to {day(equity['trade_days'][-1])}",
        "banner": [*inputs.warnings, *(explained(flag, inputs.result) for flag in inputs.result.flags)],
        **record_sections.sections(
            inputs.result, inputs.metrics, inputs.currency, inputs.nav_start, TRADES_SHOWN
        ),
        **validation_sections.sections(
            inputs.stitched,
            inputs.monte_carlo,
            currency=inputs.currency,
            nav_start=inputs.nav_start,
            result=inputs.result,
            ruin_fraction=inputs.ruin_fraction,
        ),
    }
    page: str = _template().render(context)
    return re.sub(r"\n\s*\n+", "\n", page)


def _file(name: str) -> str:
    return resources.files("engine.reports").joinpath(name).read_text(encoding="utf-8")


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=percent, number=number, compact=compact, money=money, day=day, instant=instant, shown=value
    )
    return environment.from_string(_file("tear_sheet.html"))
