"""All assets of one study, and the comparison of all studies."""

import dagster as dg

from assets.backtest import build_backtest
from assets.metrics import build_metrics
from assets.monte_carlo import build_monte_carlo
from assets.strategy_comparison import build_strategy_comparison
from assets.tear_sheet import build_tear_sheet
from assets.walk_forward import build_walk_forward
from assets.walk_forward_window import build_walk_forward_window
from engine.backtest.study import StudySpec
from resources.universe import UniverseSpec

#: the unpartitioned assets of a study, in order; walk_forward only where the study has such a section
STUDY_ASSETS = ("backtest", "walk_forward", "monte_carlo", "metrics", "tear_sheet")


def build_study_assets(
    study: StudySpec,
    universe: UniverseSpec,
    windows: dg.TimeWindowPartitionsDefinition | None,
    yaml_text: str,
) -> list[dg.AssetsDefinition]:
    """Backtest to tear sheet: key prefix and group are the study's name.

    Parameters
    ----------
    windows
        Months in which a test range ends; None for a study without walk-forward.
    yaml_text
        The study as its author wrote it, for the tear sheet.
    """
    built = [
        build_backtest(study, universe),
        build_monte_carlo(study),
        build_metrics(study, universe),
        build_tear_sheet(study, universe, yaml_text),
    ]
    if windows is not None:
        built += [build_walk_forward_window(study, universe, windows), build_walk_forward(study)]
    return built


__all__ = ["STUDY_ASSETS", "build_strategy_comparison", "build_study_assets"]
