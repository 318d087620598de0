"""``optix reproduce``."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from optix_pipeline.cli.data_option import use_data_folder
from optix_pipeline.cli.output import print_json, print_table
from optix_pipeline.cli.progress import progress_bars
from optix_pipeline.cli.results import current_database, find_run


def run_reproduce(run_id: str, *, data: Path | None, as_json: bool) -> None:
    """Rebuild a run and compare; exit code 1 when a digest differs."""
    use_data_folder(data)
    from optix_pipeline.reproduce import ReproductionError, reproduce
    from resources.home import lake_uri
    from resources.lake.opening import open_lake

    database = current_database()
    run = find_run(database, run_id)
    with (
        tempfile.TemporaryDirectory(prefix="optix-reproduce-") as folder,
        progress_bars(quiet=as_json) as report,
    ):
        try:
            found = reproduce(
                run, database.run_inputs(run["id"]), open_lake(lake_uri()), Path(folder), report
            )
        except ReproductionError as error:
            raise ValueError(f"reproduce {run['study']}: {error}") from error
    if as_json:
        print_json({**asdict(found), "same": found.same})
    else:
        print_table(
            f"run {found.run_id} of {found.study}, rebuilt from {found.records} harvest records "
            f"({found.payload_bytes / 2**20:.1f} MiB)",
            ("asset", "stored digest", "rebuilt digest", ""),
            [
                (name, digest[:16], found.rebuilt.get(name, "–")[:16],
                 "same" if found.rebuilt.get(name) == digest else "DIFFERENT")
                for name, digest in found.stored.items()
            ],
        )  # fmt: skip
        for column, difference in found.largest_difference.items():
            print(f"largest difference in {column}: {difference:.3g}")
    if not found.same:
        raise SystemExit(1)
