"""Rebuild a run from its raw payloads in an empty scratch lake, with the same assets, and compare digests.

Nothing stored is trusted: the stored inputs are verified byte by byte, the harvest records that the run names
are copied with their payloads, and every layer is built again by the same asset graph on a scratch lake whose
sources are in replay (they hand out what the raw store holds and fetch nothing).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.backtest.study import StudySpec
from optix_pipeline.catalog import Catalog
from optix_pipeline.runner import Progress, Runner, ingestion_steps, study_steps
from resources.lake.errors import LakeError
from resources.lake.lake import Lake
from resources.lake.opening import open_lake
from resources.raw_store import CorruptPayloadError, HarvestRecord, RawStore
from resources.universe import UniverseSpec


class ReproductionError(RuntimeError):
    """A run cannot be rebuilt, or the rebuild differs."""


@dataclass(frozen=True)
class Reproduction:
    """What the rebuild gave, beside what was stored: digest by asset."""

    run_id: str
    study: str
    stored: Mapping[str, str]
    rebuilt: Mapping[str, str]
    records: int
    payload_bytes: int
    largest_difference: Mapping[str, float] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        return dict(self.stored) == dict(self.rebuilt)


def reproduce(
    run: Mapping[str, Any],
    inputs: Iterable[Mapping[str, Any]],
    lake: Lake,
    scratch: Path,
    progress: Progress | None = None,
) -> Reproduction:
    """Rebuild one stored run.

    Parameters
    ----------
    run
        Its row in ``backtests``; ``config`` holds the study and the universe as they were, as text.
    inputs
        Its rows in ``run_inputs``.
    scratch
        An empty folder for the scratch lake.

    Raises
    ------
    ReproductionError
        If a stored file has other bytes than the run recorded (naming the file), or the code has changed.
    """
    study = StudySpec.model_validate_json(run["config"]["study_json"])
    universe = UniverseSpec.model_validate_json(run["config"]["universe_json"])
    rows = list(inputs)
    _require_same_code(run)
    _verify_layers(lake, [r for r in rows if r["kind"] == "layer"])
    newest = _verify_results(lake, study, run)
    target = open_lake(str(scratch / "lake"))
    raw = sorted({(r["dataset"], r["path"], r["sha256"]) for r in rows if r["kind"] == "raw"})
    size = _copy_raw(lake, target, universe, raw)
    _rebuild(study, universe, target, scratch, raw, progress)
    stored = dict(run["config"]["digests"])
    return Reproduction(
        run_id=str(run["id"]),
        study=study.name,
        stored=stored,
        rebuilt=study_digests(study, target),
        records=len(raw),
        payload_bytes=size,
        largest_difference=largest_differences(study, lake, target) if newest else {},
    )


def _require_same_code(run: Mapping[str, Any]) -> None:
    from assets.naming import engine_digest

    if run["code_digest"] != engine_digest():
        raise ReproductionError(
            f"run {run['id']} was made by engine {run['code_digest'][:12]}, this is {engine_digest()[:12]}; "
            "check out the version that made it"
        )


def _verify_layers(lake: Lake, rows: list[Mapping[str, Any]]) -> None:
    for row in rows:
        found = hashlib.sha256(lake.read_bytes(row["path"])).hexdigest()
        if found != row["sha256"]:
            raise ReproductionError(
                f"{lake.uri}/{row['path']} has sha256 {found[:12]}…, the run read {row['sha256'][:12]}…: "
                "the stored file was changed after the run"
            )


def _verify_results(lake: Lake, study: StudySpec, run: Mapping[str, Any]) -> bool:
    """Whether the lake still holds this run's results, and then exactly those (it keeps a study's newest run)."""
    from assets.backtest import ASSET, NAME
    from assets.study_results import read_record

    try:
        if read_record(lake, study, ASSET, NAME)["run_id"] != str(run["id"]):
            return False
        found = study_digests(study, lake)
    except (ValueError, LookupError, LakeError) as error:
        raise ReproductionError(str(error)) from error
    for name, digest in run["config"]["digests"].items():
        if found.get(name) != digest:
            raise ReproductionError(
                f"{name} in {lake.uri} has digest {found.get(name, 'none')[:12]}…, the run recorded {digest[:12]}…: "
                f"it was made again by other code; run: optix run {study.name}"
            )
    return True


def _copy_raw(lake: Lake, target: Lake, universe: UniverseSpec, raw: list[tuple[str, str, str]]) -> int:
    size = 0
    for dataset, path, digest in raw:
        try:
            record = HarvestRecord.from_json(lake.read_json(path))
            if record.digest != digest:
                raise CorruptPayloadError(f"{lake.uri}/{path}: the harvest record was changed after the run")
            RawStore(lake, universe.name, dataset).export_to(target, record)
        except (CorruptPayloadError, LakeError) as error:
            raise ReproductionError(str(error)) from error
        size += sum(p.size for p in record.parts)
    return size


def _rebuild(
    study: StudySpec,
    universe: UniverseSpec,
    target: Lake,
    scratch: Path,
    raw: list[tuple[str, str, str]],
    progress: Progress | None,
) -> None:
    import dagster as dg

    from optix_pipeline.definitions import build_definitions
    from resources.database.resource import DatabaseResource
    from resources.lake.resource import LakeResource
    from resources.sources import SourcesResource

    catalog = Catalog({universe.name: universe}, {study.name: study}, {})
    definitions = build_definitions(
        catalog=catalog,
        resource_overrides={
            "lake": LakeResource(uri=target.uri),
            "sources": SourcesResource(replay=True, generated_folder=str(scratch)),
            "database": DatabaseResource(enabled=False),
        },
    )
    first, last = study.period.start.replace(day=1), _month_end(study.period.end)
    first, last = max(first, universe.start), min(last, universe.end or last)
    with dg.DagsterInstance.ephemeral() as instance:
        runner = Runner(definitions, instance, catalog, progress, {"optix/command": "reproduce"})
        runner.make(ingestion_steps(universe, first, last))
        skipped = ("metrics", "tear_sheet")
        runner.make(study_steps(study, universe, without=skipped))


def _month_end(day: dt.date) -> dt.date:
    from assets.chain_month import month_end

    return month_end(day.replace(day=1))


def study_digests(study: StudySpec, lake: Lake) -> dict[str, str]:
    """Digest by asset of what a lake holds of a study."""
    from assets.study_digests import stored_digests

    return stored_digests(study, lake)


def largest_differences(study: StudySpec, stored: Lake, rebuilt: Lake) -> dict[str, float]:
    """Largest absolute difference per column of the equity table, where the two differ at all."""
    import numpy as np

    from assets.backtest import ASSET, NAME
    from assets.study_results import from_arrow, read_record

    def equity(lake: Lake) -> dict[str, Any]:
        record = read_record(lake, study, ASSET, NAME)
        return from_arrow("equity", lake.read_table(record["files"]["equity"]["path"]))

    a, b = equity(stored), equity(rebuilt)
    if len(a["nav"]) != len(b["nav"]):
        return {"rows": float(abs(len(a["nav"]) - len(b["nav"])))}
    found = {}
    for name in a:
        x, y = np.asarray(a[name], dtype=np.float64), np.asarray(b[name], dtype=np.float64)
        difference = float(np.nanmax(np.abs(x - y), initial=0.0))
        if difference > 0.0:
            found[name] = difference
    return found
