"""The house keeps its walls: imports go one way, files stay short, pages link to what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("optix_pipeline", "assets", "resources", "engine")
#: about 300: a tenth of grace, and no more
MAX_LINES = 330
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def sources(*folders: str) -> list[Path]:
    return sorted(p for f in folders for p in (ROOT / f).rglob("*.py"))


def test_imports_go_one_way():
    import_linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    done = subprocess.run(
        [*import_linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


def test_files_stay_short():
    lengths = {
        p.relative_to(ROOT).as_posix(): len(p.read_text(encoding="utf-8").splitlines())
        for p in sources(*PACKAGES, "tests", "benchmarks")
    }
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}


def test_every_module_says_what_it_is_for():
    silent = [
        p.relative_to(ROOT).as_posix()
        for p in sources(*PACKAGES, "benchmarks")
        if not p.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))
    ]
    assert silent == []


def test_modules_that_define_assets_keep_their_annotations():
    """Dagster reads them at run time; the future import would turn them into text."""
    text = "from __future__ import annotations"
    assert [
        p.name for p in sources("assets", "optix_pipeline") if text in p.read_text(encoding="utf-8")
    ] == []


def test_the_wheel_holds_no_tests():
    assert [p for f in PACKAGES for p in (ROOT / f).rglob("test_*.py")] == []


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=[p.relative_to(ROOT).as_posix() for p in PAGES])
def test_links_of_a_page_lead_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        if not other.exists() or (anchor and anchor not in anchors(other)):
            broken.append(target)
    assert broken == []


def test_decisions_are_numbered_without_gaps():
    numbers = [int(p.name[:4]) for p in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_readme_gives_the_commands_of_the_makefile_and_ci():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("run", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_names_every_command_and_variable():
    from typer.main import get_command

    from optix_pipeline.cli.main import app

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert [c for c in commands if f"optix {c}" not in readme] == []
    used = {
        name
        for p in sources(*PACKAGES)
        for name in re.findall(r'"(OPTIX_[A-Z_]+)"', p.read_text(encoding="utf-8"))
    }
    assert {"OPTIX_HOME", "OPTIX_DATABASE_URL"} <= used
    assert [v for v in sorted(used) if v not in readme] == []
