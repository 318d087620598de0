"""How commands answer: tables for people, one JSON document for machines."""

import json
from collections.abc import Iterable, Sequence
from typing import Any


def print_json(document: Any) -> None:
    """One JSON document on stdout; undefined numbers are null."""
    print(json.dumps(document, indent=2, sort_keys=True, default=str))


#: width of tables that go to a file or a pipe
_LOG_WIDTH = 132


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; numbers stand right, long texts wrap in the last column."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = [list(r) for r in rows]
    console = Console()
    if not console.is_terminal:
        console = Console(width=_LOG_WIDTH)
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for i, name in enumerate(header):
        right = bool(rows) and all(_is_figure(r[i]) for r in rows)
        last = i == len(header) - 1
        table.add_column(
            name, justify="right" if right else "left", overflow="fold", no_wrap=not last and not right
        )
    for row in rows:
        table.add_row(*(cell(c) for c in row))
    console.print(table)


def _is_figure(value: object) -> bool:
    """Numbers, percentages and the dash that stands for none."""
    if isinstance(value, str):
        return (
            value in ("", "–")
            or value.rstrip("%").replace(".", "", 1).replace(",", "").lstrip("-+").isdigit()
        )
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


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
