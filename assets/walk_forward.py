"""``walk_forward``: the stitched out-of-sample record, degradation, stability, PBO, deflated Sharpe."""

import dataclasses
import datetime as dt
import hashlib
import json
import sys
from typing import Any

import dagster as dg
import numpy as np

from assets.naming import picture, study_code_version, study_key, table_markdown
from assets.study_results import read_document
from assets.walk_forward_window import load_window, study_windows, walk_forward_spec
from engine.backtest.study import StudySpec
from engine.validation.stitching import StitchedRecord, stitch
from resources.lake.lake import Lake
from resources.lake.layout import study_path
from resources.lake.resource import LakeResource

ASSET = "walk_forward"


def plain(value: Any) -> Any:
    """A record of arrays, dates and tuples as a JSON document; undefined numbers are null."""
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    if isinstance(value, np.integer):
        return int(value)
    return value


def record_path(study: StudySpec) -> str:
    return study_path(study.name, ASSET, "record.json")


def stitch_windows(study: StudySpec, lake: Lake) -> tuple[StitchedRecord, dict[str, str]]:
    """The stored windows stitched, and the digest of each."""
    results, digests = [], {}
    for window in study_windows(study):
        result, record = load_window(study, lake, window.key)
        results.append(result)
        digests[window.key] = record["digest"]
    objective = walk_forward_spec(study).objective
    return stitch(results, objective=objective, annualization=study.annualization), digests


def stitch_study(study: StudySpec, lake: Lake) -> tuple[StitchedRecord, dict[str, Any]]:
    """Stitch the stored windows and save the record; returns it with its document.

    The digest is over the stitched record and every window's own digest.
    """
    stitched, digests = stitch_windows(study, lake)
    document = plain({f.name: getattr(stitched, f.name) for f in dataclasses.fields(stitched)})
    document["window_digests"] = digests
    text = json.dumps(document, sort_keys=True)
    document["digest"] = hashlib.sha256(text.encode()).hexdigest()
    lake.write_bytes(record_path(study), json.dumps(document, indent=1, sort_keys=True).encode())
    return stitched, document


def read_stitched(study: StudySpec, lake: Lake) -> dict[str, Any] | None:
    """The stored record; None for a study without walk-forward.

    Raises
    ------
    LookupError
        If it has not been materialized.
    """
    if study.walk_forward is None:
        return None
    return read_document(lake, study, ASSET, record_path(study))


def build_walk_forward(study: StudySpec) -> dg.AssetsDefinition:
    """The Dagster asset of one study."""

    @dg.asset(
        key=study_key(study, ASSET),
        group_name=study.name,
        deps=[study_key(study, "walk_forward_window")],
        code_version=study_code_version(study, sys.modules[__name__]),
        owners=list(study.owners),
        tags={"study": study.name},
        kinds={"numpy", "json"},
        description=(
            "All test ranges end to end, and how the choices made in-sample held up: degradation, stability, "
            "probability of backtest overfitting, deflated Sharpe ratio."
        ),
    )
    def walk_forward(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
        from engine.reports.figures import walk_forward_figure

        stitched, document = stitch_study(study, lake.open())
        names = ("in_sample_objective", "out_of_sample_objective", "degradation_ratio", "share_profitable",
                 "pbo", "probabilistic_sharpe", "deflated_sharpe")  # fmt: skip
        rows = [(n, "undefined" if document[n] is None else f"{document[n]:.4g}") for n in names]
        return dg.MaterializeResult(
            metadata={
                "windows": len(stitched.windows),
                "summary": table_markdown(("figure", "value"), rows),
                "in_and_out_of_sample": picture(
                    walk_forward_figure(stitched.windows, objective=stitched.objective),
                    "windows in and out of sample",
                ),
                "flags": list(stitched.flags),
                "digest": document["digest"],
            },
            data_version=dg.DataVersion(document["digest"][:32]),
        )

    return walk_forward
