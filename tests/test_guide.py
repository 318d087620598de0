"""The guide and the data dictionary say what the code says: a field that is added, renamed or given another default
fails here until its page is brought up to date."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.backtest.study import StudySpec
from engine.strategies.registry import strategy_names, validate_parameters
from resources import schemas
from resources.database.models.base import Base
from resources.network.settings import NetworkSettings
from resources.providers.registry import provider_formats, settings_models
from resources.reference.corporate_actions.polygon_service import PolygonActionsSettings
from resources.universe import UniverseSpec

DOCS = Path(__file__).resolve().parents[1] / "docs"


def tables(page: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Heading in code type -> first cell -> the other cells, of every table under such a heading."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    section = None
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = re.match(r"^### `([a-z_.]+)`$", line)
            section = heading.group(1) if heading else None
        elif section and line.startswith("|"):
            cells = tuple(c.strip() for c in line.strip("|").split("|"))
            if cells[0] not in ("field", "---"):
                found.setdefault(section, {})[cells[0]] = cells[1:]
    return found


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The pydantic model inside an annotation (``X``, ``X | None``, ``tuple[X, ...]``), if any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := model_in(a))), None)


def models(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """A model and all models below it, by path."""
    yield path, model
    for name, info in model.model_fields.items():
        inner = model_in(info.annotation)
        if inner is not None:
            yield from models(f"{path}.{name}", inner)


def default_text(info: FieldInfo) -> str:
    """A default as the guide writes it."""
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    return f"{value:g}" if isinstance(value, float) else str(value)


def expected(model: type[BaseModel]) -> dict[str, str]:
    return {name: default_text(info) for name, info in model.model_fields.items()}


SETTINGS = {**settings_models(), "polygon_actions": PolygonActionsSettings}
#: its fields stand in one table of their own, under Describe a layout
LAYOUT = SETTINGS.pop("generic_table")
SPECS = [
    *((DOCS / "guide" / "universes.md", *m) for m in models("universe", UniverseSpec)),
    *((DOCS / "guide" / "universes.md", f"settings.{n}", m) for n, m in SETTINGS.items()),
    (DOCS / "guide" / "universes.md", "settings.network", NetworkSettings),
    *((DOCS / "guide" / "studies.md", *m) for m in models("study", StudySpec)),
    *((DOCS / "guide" / "studies.md", n, type(validate_parameters(n, {}))) for n in strategy_names()),
]


def test_the_layout_table_has_every_field():
    page = (DOCS / "guide" / "universes.md").read_text(encoding="utf-8")
    table = page.partition("## Describe a layout")[2].partition("\n## ")[0]
    cells = {
        name for line in table.splitlines() if line.startswith("| ") for name in line.split("|")[1].split(",")
    }
    written = {cell.strip().split(".")[0] for cell in cells}
    assert set(LAYOUT.model_fields) <= written


@pytest.mark.parametrize(("page", "section", "model"), SPECS, ids=[s[1] for s in SPECS])
def test_the_guide_has_every_field_with_its_default(page, section, model):
    written = tables(page).get(section)
    assert written is not None, f"{page.name} has no section ### `{section}`"
    assert {name: cells[0] for name, cells in written.items()} == expected(model)
    assert all(cells[1] for cells in written.values()), "a field without a meaning"


def test_the_guide_has_no_section_for_what_is_gone():
    known = {section for _, section, _ in SPECS}
    written = set(tables(DOCS / "guide" / "universes.md")) | set(tables(DOCS / "guide" / "studies.md"))
    assert written == known


def test_the_guide_names_every_provider_format():
    text = (DOCS / "guide" / "universes.md").read_text(encoding="utf-8")
    assert [f for f in provider_formats() if f"| `{f}` |" not in text] == []


def dictionary() -> dict[str, list[str]]:
    """Names in the first cells of the data dictionary's tables, by section."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (DOCS / "data-dictionary.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].split("(")[0].split(":")[0].strip().lower()
        elif line.startswith("|") and not line.startswith(("|---", "| column", "| table")):
            found.setdefault(section, []).extend(n.strip() for n in line.split("|")[1].split(","))
    return found


QUOTES, EXTRA = schemas.QUOTE_SCHEMA.names, {"reasons", "raw"}
LAYERS = {
    "quotes": [*QUOTES, *(n for n in schemas.QUARANTINE_SCHEMA.names if n in EXTRA)],
    "adjusted quotes": [n for n in schemas.ADJUSTED_SCHEMA.names if n not in QUOTES],
    "superseded quotes": [n for n in schemas.SUPERSEDED_SCHEMA.names if n not in QUOTES],
    "chains": [n for n in schemas.CHAIN_SCHEMA.names if n not in schemas.ADJUSTED_SCHEMA.names],
    "underlying prices": schemas.UNDERLYING_SCHEMA.names,
    "rates": schemas.RATES_SCHEMA.names,
    "corporate actions": schemas.CORPORATE_ACTION_SCHEMA.names,
    "reference quarantine": schemas.REFERENCE_QUARANTINE_SCHEMA.names,
    "earnings dates": schemas.EARNINGS_SCHEMA.names,
    "index history": schemas.INDEX_HISTORY_SCHEMA.names,
}


@pytest.mark.parametrize("section", LAYERS)
def test_the_data_dictionary_has_every_column_of_a_layer_and_no_other(section):
    assert sorted(dictionary()[section]) == sorted(LAYERS[section])


def test_the_data_dictionary_has_every_table_of_postgres():
    import resources.database.models  # noqa: F401

    documented = set(dictionary()["postgres"])
    assert sorted(set(Base.metadata.tables) - documented) == []
    assert sorted(documented - set(Base.metadata.tables)) == ["performance_metrics"]  # the view
