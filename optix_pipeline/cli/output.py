"""How commands answer: tables for people, one JSON document for machines."""

import json
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(document: Any) -> None:
    """One JSON document on stdout; undefined numbers are null."""
    print(json.dumps(document, indent=2, sort_keys=True, default=str))


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; numbers stand right."""
    from rich.console import Console
    from rich.table import Table

    rows = [list(r) for r in rows]
    table = Table(title=title, title_justify="left", header_style="bold", pad_edge=False)
    for i, name in enumerate(header):
        numeric = bool(rows) and all(isinstance(r[i], int | float) or r[i] is None for r in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(c) for c in row))
    Console().print(table)


def cell(value: object) -> str:
    """A value as text: four significant digits for floats, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return str(value)


def percent(value: float | None) -> str:
    """A fraction as a percentage, a dash where undefined."""
    return "–" if value is None else f"{value:.2%}"
