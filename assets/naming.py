"""Keys, groups, owners, kinds and column schemas: how every asset presents itself in the UI."""

import hashlib
import inspect
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pyarrow as pa

import engine
from assets.column_meanings import MEANINGS
from engine.backtest.study import StudySpec
from resources.universe import UniverseSpec

COMPARISON_GROUP = "comparison"


def universe_key(universe: UniverseSpec, asset: str) -> dg.AssetKey:
    """``<universe>/<asset>``."""
    return dg.AssetKey([universe.name, asset])


def study_key(study: StudySpec, asset: str) -> dg.AssetKey:
    """``<study>/<asset>``."""
    return dg.AssetKey([study.name, asset])


def column_schema(schema: pa.Schema) -> dg.TableSchema:
    """A layer's columns as the UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                f.name,
                "string" if pa.types.is_dictionary(f.type) else str(f.type),
                description=MEANINGS.get(f.name),
                constraints=dg.TableColumnConstraints(nullable=f.nullable),
            )
            for f in schema
        ]
    )


def layer_metadata(schema: pa.Schema | None = None) -> dict[str, Any]:
    """Definition metadata of a table asset."""
    return {} if schema is None else {"dagster/column_schema": column_schema(schema)}


def digest_of(*parts: str) -> str:
    """Twelve hex digits over texts; short enough to read in the UI."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:12]


@cache
def module_digest(module: ModuleType) -> str:
    """Digest of a module's source."""
    return digest_of(inspect.getsource(module))


@cache
def engine_digest() -> str:
    """Digest of every source file of ``engine/``, by relative path: whatever a study runs through."""
    root = Path(engine.__file__).parent
    h = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in {".py", ".html", ".css"}):
        h.update(path.relative_to(root).as_posix().encode() + b"\x00" + path.read_bytes() + b"\x00")
    return h.hexdigest()


def universe_code_version(universe: UniverseSpec, module: ModuleType) -> str:
    """Changes with the universe's YAML and the asset's own module; not with the engine."""
    return digest_of(universe.model_dump_json(), module_digest(module))


def study_digest(study: StudySpec) -> str:
    """Digest of what the study's YAML says (not of its comments or layout)."""
    return hashlib.sha256(study.model_dump_json().encode()).hexdigest()


def study_code_version(study: StudySpec, module: ModuleType) -> str:
    """Changes with the study's YAML, the engine, and the asset's own module."""
    return digest_of(study_digest(study), engine_digest(), module_digest(module))


def picture(png: bytes, alt: str) -> dg.MarkdownMetadataValue:
    """A PNG shown inside the asset's metadata."""
    import base64

    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})")


def table_markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A small table shown inside the asset's metadata."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]
    return dg.MetadataValue.md("\n".join(lines))
