"""The specs of every asset, check, job, schedule and sensor of the shipped catalog, as one readable text.

After a change that is meant: ``OPTIX_UPDATE_GOLDEN=1 pytest tests/optix_pipeline/test_definitions_snapshot.py``, and
read the difference. Code versions are left out: they change with every line of the engine.
"""

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from optix_pipeline.catalog import load_catalog
from optix_pipeline.definitions import build_definitions

GOLDEN = Path(__file__).parents[1] / "golden" / "definitions" / "shipped_catalog.txt"


@pytest.fixture
def definitions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dg.Definitions:
    """Of the shipped YAML alone, whatever this machine's settings name."""
    for name in [n for n in os.environ if n.startswith("OPTIX_") and n != "OPTIX_UPDATE_GOLDEN"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPTIX_HOME", str(tmp_path))
    return build_definitions(catalog=load_catalog())


def name_of(key: dg.AssetKey) -> str:
    return key.to_user_string()


def partitions_text(definition: dg.PartitionsDefinition | None) -> str:
    if definition is None:
        return "none"
    assert isinstance(definition, dg.TimeWindowPartitionsDefinition)
    keys = definition.get_partition_keys()
    excluded = len(definition.exclusions or ())
    return (
        f"{len(keys)} {definition.schedule_type.value.lower()}, {keys[0]} to {keys[-1]}, "
        f"{definition.timezone}, {excluded} excluded"
    )


def dependency_text(dep: dg.AssetDep) -> str:
    mapping = dep.partition_mapping
    if mapping is None:
        return name_of(dep.asset_key)
    assert isinstance(mapping, dg.TimeWindowPartitionMapping)
    return f"{name_of(dep.asset_key)} [{mapping.start_offset} to {mapping.end_offset}]"


def asset_lines(definition: dg.AssetsDefinition) -> Iterator[str]:
    policy = definition.backfill_policy
    limit = "none" if policy is None else policy.max_partitions_per_run or "all"
    for spec in definition.specs:
        columns = (spec.metadata or {}).get("dagster/column_schema")
        # Dagster's own tags repeat the kinds and may change with its version
        tags = {k: v for k, v in spec.tags.items() if not k.startswith("dagster/")}
        yield f"asset {name_of(spec.key)}"
        yield f"  group: {spec.group_name}; owners: {', '.join(spec.owners)}; kinds: {', '.join(sorted(spec.kinds))}"
        yield f"  tags: {', '.join(f'{k}={v}' for k, v in sorted(tags.items()))}"
        yield f"  partitions: {partitions_text(spec.partitions_def)}; partitions per run: {limit}"
        yield f"  depends on: {', '.join(sorted(dependency_text(d) for d in spec.deps)) or 'nothing'}"
        if columns is not None:
            yield f"  columns: {', '.join(c.name for c in columns.columns)}"
        yield f"  resources: {', '.join(sorted(definition.required_resource_keys)) or 'none'}"
        yield f"  description: {spec.description}"
        yield f"  has a code version: {spec.code_version is not None}"
    for check in definition.check_specs:
        yield f"check {check.name} of {name_of(check.asset_key)}"
        yield f"  blocking: {check.blocking}"
        yield f"  description: {check.description}"


def job_lines(definitions: dg.Definitions, job: Any) -> Iterator[str]:
    resolved = definitions.resolve_job_def(job.name)
    yield f"job {job.name}"
    yield f"  description: {job.description}"
    keys = sorted(name_of(k) for k in resolved.asset_layer.executable_asset_keys)
    if keys:
        yield f"  assets: {', '.join(keys)}"
    for node in resolved.graph.node_defs if not keys else ():
        fields = getattr(node.config_schema.config_type, "fields", {})
        yield f"  op {node.name}: {', '.join(sorted(fields))}"


def snapshot(definitions: dg.Definitions) -> str:
    lines: list[str] = []
    for definition in definitions.assets or ():
        assert isinstance(definition, dg.AssetsDefinition)
        lines += asset_lines(definition)
    for job in definitions.jobs or ():
        lines += job_lines(definitions, job)
    for schedule in definitions.schedules or ():
        assert isinstance(schedule, dg.ScheduleDefinition)
        lines += [
            f"schedule {schedule.name} of job {schedule.job_name}",
            f"  cron: {schedule.cron_schedule} in {schedule.execution_timezone}",
            f"  status: {schedule.default_status.value}",
            f"  description: {schedule.description}",
        ]
    for sensor in definitions.sensors or ():
        lines += [
            f"sensor {sensor.name}",
            f"  status: {sensor.default_status.value}; interval: {sensor.minimum_interval_seconds} s",
            f"  description: {sensor.description}",
        ]
    lines += [
        f"resource {name}: {type(r).__name__}" for name, r in sorted((definitions.resources or {}).items())
    ]
    return "\n".join(lines) + "\n"


def test_the_definitions_are_those_of_the_golden_file(definitions: dg.Definitions) -> None:
    found = snapshot(definitions)
    if os.environ.get("OPTIX_UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(found, encoding="utf-8")
    expected = GOLDEN.read_text(encoding="utf-8")
    difference = difflib.unified_diff(
        expected.splitlines(), found.splitlines(), "golden", "now", lineterm="", n=2
    )
    assert found == expected, "\n".join(difference)


def test_every_asset_has_what_a_person_needs_in_the_ui(definitions: dg.Definitions) -> None:
    for definition in definitions.assets or ():
        assert isinstance(definition, dg.AssetsDefinition)
        for spec in definition.specs:
            name = name_of(spec.key)
            assert spec.description and spec.description.strip().endswith("."), name
            assert spec.owners and spec.kinds and spec.group_name and spec.code_version, name
        for check in definition.check_specs:
            assert check.description and check.description.strip().endswith("."), check.name


def test_every_column_of_a_layer_is_explained(definitions: dg.Definitions) -> None:
    explained = 0
    for definition in definitions.assets or ():
        assert isinstance(definition, dg.AssetsDefinition)
        for spec in definition.specs:
            schema = (spec.metadata or {}).get("dagster/column_schema")
            for column in schema.columns if schema is not None else ():
                assert column.description, (
                    f"{name_of(spec.key)}.{column.name}: add it to assets/column_meanings.py"
                )
                explained += 1
    assert explained > 300


def test_no_asset_module_postpones_annotations() -> None:
    """``from __future__ import annotations`` breaks an annotated ``context``."""
    for path in (Path(__file__).parents[2] / "assets").glob("*.py"):
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), path.name
