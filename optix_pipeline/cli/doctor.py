"""``optix doctor``: what could stop the pipeline on this machine, and how to mend it."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json
from optix_pipeline.session import quiet_environment
from resources.home import data_folder, generated_folder, lake_uri, optix_home

MIN_FREE_GIB = 2.0


@dataclass(frozen=True)
class Finding:
    """One check of the machine; ``mend`` says what to do when it is not ok."""

    check: str
    ok: bool
    found: str
    mend: str = ""


def run_doctor(*, data: Path | None, as_json: bool) -> None:
    """Print every finding; exit code 1 when one needs mending."""
    use_data_folder(data)
    quiet_environment()
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("python", _python),
        ("disk", _disk),
        ("lake", _lake),
        ("database", _database),
        ("data", _data),
        ("studies", _studies),
        ("sources", _sources),
    ]
    findings = []
    for name, check in checks:
        try:
            findings.append(check())
        except (OSError, RuntimeError, ValueError, LookupError) as error:
            findings.append(Finding(name, False, str(error), "see the message"))
    if as_json:
        print_json([asdict(f) for f in findings])
    else:
        for f in findings:
            print(f"{'ok  ' if f.ok else 'FAIL'}  {f.check:<9} {f.found}")
            if not f.ok and f.mend:
                print(f"      {'':<9} -> {f.mend}")
    if not all(f.ok for f in findings):
        raise SystemExit(1)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")


def _disk() -> Finding:
    free = shutil.disk_usage(optix_home()).free / 2**30
    mend = f"free some space, or put OPTIX_HOME on another disk (now {optix_home()})"
    return Finding("disk", free >= MIN_FREE_GIB, f"{free:.1f} GiB free at {optix_home()}", mend)


def _lake() -> Finding:
    from resources.lake.opening import open_lake

    uri = lake_uri()
    lake = open_lake(uri)
    probe = "doctor/probe.txt"
    try:
        lake.write_bytes(probe, b"optix")
        same = lake.read_bytes(probe) == b"optix"
        lake.delete(probe)
    except Exception as error:  # whatever a store raises is the finding
        return Finding(
            "lake", False, f"{uri}: {error}", "check OPTIX_LAKE_URI, its permissions and credentials"
        )
    return Finding(
        "lake", same, f"{uri} can be written and read", "the lake returns other bytes than were written"
    )


def _database() -> Finding:
    from resources.database.database import open_database

    database = open_database()
    revision, head = database.revision(), database.head()
    where = "OPTIX_DATABASE_URL" if os.environ.get("OPTIX_DATABASE_URL") else "embedded server"
    # an empty embedded database is migrated by the first command that runs assets
    fresh = revision is None and where == "embedded server"
    found = f"{where}, revision {revision or 'none yet'} of {head}"
    return Finding("database", revision == head or fresh, found, "run: optix db upgrade")


def _data() -> Finding:
    folder = data_folder()
    if folder is None:
        return Finding("data", True, "no folder of real data is named: the generated universes are used")
    files = sum(1 for _ in folder.iterdir())
    return Finding(
        "data", files > 0, f"{folder} ({files} entries)", "the folder is empty; correct OPTIX_REAL_DATA"
    )


def _studies() -> Finding:
    from optix_pipeline.catalog import load_catalog

    catalog = load_catalog()
    found = f"{len(catalog.studies)} studies on {len(catalog.universes)} universes are valid"
    return Finding(
        "studies", bool(catalog.studies), found, "name a folder of study YAML files with OPTIX_STUDIES"
    )


def _sources() -> Finding:
    """Whether the folders are there that universes read; the generated ones are made when they are harvested."""
    from optix_pipeline.catalog import load_catalog
    from optix_pipeline.generated_history import generated_folder_of
    from optix_pipeline.yaml_specs import SpecError
    from resources.providers.registry import reads_folder

    try:
        universes = load_catalog().universes.values()
    except SpecError:
        return Finding("sources", False, "cannot be looked at", "mend the YAML files first")
    missing = []
    read = 0
    for universe in universes:
        if not reads_folder(universe) or generated_folder_of(universe, generated_folder()) is not None:
            continue
        read += 1
        try:
            folder = universe.resolve(
                universe.provider.path, data=data_folder(), generated=generated_folder()
            )
        except FileNotFoundError as error:
            missing.append(str(error))
            continue
        if not folder.is_dir():
            missing.append(f"universe {universe.name}: the folder {folder} does not exist")
    there = f"folders that universes read, all there: {read}; the demo's are made when needed"
    found = "; ".join(missing) or there
    return Finding("sources", not missing, found, "correct provider.path in the YAML, or put the files there")
