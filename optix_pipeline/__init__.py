"""The wiring: Definitions, partitions, jobs, schedules, sensors, settings, studies, command line."""

from importlib.util import find_spec
from pathlib import Path


def _check_neighbours() -> None:
    """Another distribution's ``assets`` or ``resources`` could shadow ours: say so instead of failing oddly."""
    home = Path(__file__).resolve().parent.parent
    for name in ("engine", "assets", "resources"):
        spec = find_spec(name)
        places = [Path(p).resolve() for p in (spec.submodule_search_locations or [])] if spec else []
        if home / name not in places:
            found = ", ".join(str(p) for p in places) or "nothing"
            raise ImportError(
                f"optix_pipeline needs its own package '{name}' beside it ({home / name}), but Python finds {found}; "
                "install OPTIX in an environment of its own and start it outside folders with that name"
            )


_check_neighbours()
