"""``optix demo`` with its default ranges, on an empty home."""

from pathlib import Path

from benchmarks.measure import Figure, child_environment, command_seconds


def run(work: Path) -> list[Figure]:
    """The first demo of a machine."""
    home = work / "demo"
    demo = ["-m", "optix_pipeline.cli.main", "demo", "--json"]
    first = command_seconds(demo, child_environment(home))
    note = f"three universes, four studies; processor {first.processor:.0f} s, Postgres not counted"
    return [Figure("optix demo, empty home", f"{first.wall:.0f} s", "< 150 s", note)]
