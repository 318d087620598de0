"""``tear_sheet``: one self-contained HTML page per study, in the lake and as a file to open in a browser."""

import sys
from typing import Any

import dagster as dg

from assets import backtest as backtest_module
from assets.monte_carlo import resample
from assets.naming import picture, study_code_version, study_key
from assets.result_metrics import result_metrics
from assets.study_results import load_result
from assets.walk_forward import stitch_windows
from engine.backtest.result import BacktestResult
from engine.backtest.study import StudySpec
from resources.home import document_url, tear_sheet_file
from resources.lake.lake import Lake
from resources.lake.layout import study_path
from resources.lake.resource import LakeResource
from resources.universe import UniverseSpec

ASSET = "tear_sheet"


def page_path(study: StudySpec) -> str:
    return study_path(study.name, ASSET, "tear_sheet.html")


def build_tear_sheet(study: StudySpec, universe: UniverseSpec, yaml_text: str) -> dg.AssetsDefinition:
    """The Dagster asset of one study."""

    @dg.asset(
        key=study_key(study, ASSET),
        group_name=study.name,
        deps=[study_key(study, "metrics")],
        code_version=study_code_version(study, sys.modules[__name__]),
        owners=list(study.owners),
        tags={"study": study.name, "universe": universe.name},
        kinds={"html"},
        description="One self-contained page: metrics, equity, trades, walk-forward, Monte Carlo, lineage.",
    )
    def tear_sheet(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        html, result = render(study, universe, lake.open(), yaml_text)
        written = lake.open().write_bytes(page_path(study), html.encode())
        path = tear_sheet_file(study.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
        return dg.MaterializeResult(
            metadata={
                "open_in_a_browser": dg.MetadataValue.url(document_url(path)),
                "file": dg.MetadataValue.path(str(path)),
                "path": written.path,
                "sha256": written.sha256,
                **_pictures(study, result),
            },
            data_version=dg.DataVersion(written.sha256[:32]),
        )

    return tear_sheet


def render(
    study: StudySpec, universe: UniverseSpec, lake: Lake, yaml_text: str
) -> tuple[str, BacktestResult]:
    """The page of the study's stored run, and the result that it is about."""
    from engine.reports.tear_sheet import TearSheetInputs
    from engine.reports.tear_sheet import tear_sheet as render_page

    result, record = load_result(lake, study, backtest_module.ASSET, backtest_module.NAME)
    inputs = TearSheetInputs(
        study=study.name,
        description=study.description,
        universe=universe.name,
        underlying=study.underlying,
        run_id=record["run_id"],
        currency=study.capital.base_currency,
        nav_start=float(result.totals["nav_start"]),
        annualization=study.annualization,
        result=result,
        metrics=result_metrics(result, study.annualization),
        stitched=stitch_windows(study, lake)[0] if study.walk_forward is not None else None,
        monte_carlo=resample(study, result),
        ruin_fraction=study.monte_carlo.ruin_fraction,
        seed=study.seed,
        digests={
            "result": record["digest"],
            "inputs": record["inputs_digest"],
            "study": record["study_digest"],
            "code": record["code_digest"],
        },
        study_text=yaml_text,
        lineage=_lineage(record),
        warnings=_warnings(universe),
    )
    return render_page(inputs), result


def _warnings(universe: UniverseSpec) -> tuple[str, ...]:
    if "${generated}" not in universe.provider.path:
        return ()
    return (
        "The quotes are generated: this page shows what OPTIX does, and is no evidence about a strategy.",
    )


def _lineage(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The files that the engine read; the harvest records behind them are in Postgres (optix lineage)."""
    rows = []
    for path, sha256 in sorted(record["inputs"]["files"].items()):
        _, asset, partition, _ = path.split("/")
        rows.append({"asset": asset, "partition": partition, "path": path, "sha256": sha256, "rows": None})
    return rows


def _pictures(study: StudySpec, result: BacktestResult) -> dict[str, dg.MarkdownMetadataValue]:
    from engine.reports.figures import equity_figure, greeks_figure

    equity = result.tables["equity"]
    greeks = {n: equity[n] for n in ("delta", "gamma", "vega_per_vol_point", "theta_per_day")}
    return {
        "equity_curve": picture(
            equity_figure(equity["ts_us"], equity["nav"], currency=study.capital.base_currency), "equity"
        ),
        "greeks": picture(greeks_figure(equity["ts_us"], **greeks), "Greeks over time"),
    }
