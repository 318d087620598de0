"""``optix demo`` with its default ranges, on an empty home."""

from pathlib import Path

from benchmarks.measure import Figure, child_environment, command_seconds


def run(work: Path) -> list[Figure]:
    """The first demo, and the second on what it left."""
    home = work / "demo"
    demo = ["-m", "optix_pipeline.cli.main", "demo", "--json"]
    first = command_seconds(demo, child_environment(home))
    return [Figure("optix demo, empty home", f"{first:.0f} s", "< 150 s", "three universes, four studies")]
