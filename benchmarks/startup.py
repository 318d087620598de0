"""How long until something answers: ``optix --help`` and ``dagster definitions validate``."""

import statistics
import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Figure, child_environment, command_seconds

HELP = ["-m", "optix_pipeline.cli.main", "--help"]


def run(work: Path) -> list[Figure]:
    """Cold is without bytecode (the files themselves are in the system's cache), warm with it."""
    home = work / "startup"
    home.mkdir()
    with tempfile.TemporaryDirectory(dir=work) as bytecode:
        cold = command_seconds(HELP, child_environment(home, PYTHONPYCACHEPREFIX=bytecode))
    # once more uncounted, to write what bytecode the environment still lacks
    command_seconds(HELP, child_environment(home))
    warm = statistics.median_low(command_seconds(HELP, child_environment(home)) for _ in range(5))
    validate = ["-m", "dagster", "definitions", "validate", "-w", str(ROOT / "workspace.yaml")]
    command_seconds(validate, child_environment(home))
    definitions = statistics.median_low(command_seconds(validate, child_environment(home)) for _ in range(3))
    return [
        Figure(
            "optix --help, first call (no bytecode)",
            f"{cold.wall:.2f} s",
            "",
            f"processor {cold.processor:.2f} s",
        ),
        Figure(
            "optix --help", f"{warm.wall:.2f} s", "< 0.5 s", f"median of 5; processor {warm.processor:.2f} s"
        ),
        Figure(
            "dagster definitions validate",
            f"{definitions.wall:.1f} s",
            "< 6 s",
            f"median of 3; processor {definitions.processor:.1f} s",
        ),
    ]
