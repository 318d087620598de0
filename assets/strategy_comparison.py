"""``strategy_comparison``: correlation, tail co-loss, overlay and ranking over all studies."""

import json
import sys
from typing import Any

import dagster as dg
import numpy as np

from assets.backtest import ASSET as BACKTEST
from assets.backtest import NAME
from assets.naming import COMPARISON_GROUP, digest_of, engine_digest, module_digest, study_key, table_markdown
from assets.result_metrics import result_metrics
from assets.study_results import load_result
from engine.analytics.comparison import Comparison, compare
from engine.backtest.study import StudySpec
from resources.lake.lake import Lake
from resources.lake.resource import LakeResource

ASSET = "strategy_comparison"
PATH = "_studies/_comparison/strategy_comparison.json"


def compare_studies(studies: list[StudySpec], lake: Lake) -> dict[str, Any]:
    """Compare the stored backtests and write the comparison; returns it as a document."""
    equity, ranking = {}, []
    for study in studies:
        result, record = load_result(lake, study, BACKTEST, NAME)
        table = result.tables["equity"]
        equity[study.name] = (table["trade_days"].astype(np.int64), table["nav"])
        metrics = result_metrics(result, study.annualization)
        ranking.append({"study": study.name, "run_id": record["run_id"], **metrics})
    ranking.sort(key=lambda r: (r["sharpe_ratio"] is None, -(r["sharpe_ratio"] or 0.0), r["study"]))
    found = compare(equity)
    document = {"ranking": ranking, **_matrices(found)}
    lake.write_bytes(PATH, json.dumps(document, indent=1, sort_keys=True).encode())
    return document


def _matrices(found: Comparison) -> dict[str, Any]:
    def plain(matrix: np.ndarray) -> list[list[float | None]]:
        return [[None if np.isnan(v) else float(v) for v in row] for row in matrix]

    return {
        "studies": list(found.names),
        "correlation": plain(found.correlation),
        "correlation_low": plain(found.correlation_low),
        "correlation_high": plain(found.correlation_high),
        "tail_co_loss": plain(found.tail_co_loss),
        "common_days": found.common_days.tolist(),
        "overlay_days": found.overlay_days.tolist(),
        "overlay_nav": found.overlay_nav.tolist(),
    }


def _matrix_markdown(document: dict[str, Any], name: str) -> dg.MarkdownMetadataValue:
    names = document["studies"]
    rows = [
        (a, *("–" if v is None else f"{v:.2f}" for v in row))
        for a, row in zip(names, document[name], strict=True)
    ]
    return table_markdown(("", *names), rows)


def build_strategy_comparison(studies: list[StudySpec]) -> dg.AssetsDefinition:
    """The Dagster asset over all studies of the catalog."""

    @dg.asset(
        key=dg.AssetKey([ASSET]),
        group_name=COMPARISON_GROUP,
        deps=[study_key(s, "backtest") for s in studies],
        code_version=digest_of(engine_digest(), module_digest(sys.modules[__name__])),
        owners=["team:optix"],
        kinds={"numpy", "json"},
        description="Studies side by side: correlation with its interval, tail co-loss, overlay, ranking by Sharpe.",
    )
    def strategy_comparison(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        document = compare_studies(studies, lake.open())
        shown = ("study", "total_return", "sharpe_ratio", "max_drawdown", "trade_count", "quote_coverage")
        rows = [
            [r["study"], *("–" if r[k] is None else f"{r[k]:.4g}" for k in shown[1:])]
            for r in document["ranking"]
        ]
        return dg.MaterializeResult(
            metadata={
                "ranking": table_markdown(shown, rows),
                "correlation": _matrix_markdown(document, "correlation"),
                "tail_co_loss": _matrix_markdown(document, "tail_co_loss"),
                "path": PATH,
            }
        )

    return strategy_comparison
