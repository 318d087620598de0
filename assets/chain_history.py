"""From chain_month files to the engine's arrays, through a memory-mapped Arrow IPC cache keyed by digest.

A cache miss only costs time: the cache file is derived from the months named by the key and nothing else.
"""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assets import engine_arrays as ea
from assets.chain_month import read_month_status
from assets.corporate_actions import slice_path
from assets.day_status import MissingLayerError
from assets.status_files import CHAIN_FILE, PRICES_FILE
from engine.backtest.study import StudySpec
from engine.corporate_actions.events import CorporateAction
from engine.corporate_actions.related import related_securities
from engine.instruments.terms import QuoteGrade
from engine.market.history import NAMES_BY_CODE, ChainHistory
from engine.market.underlying import UnderlyingHistory
from resources.home import optix_home
from resources.lake.lake import Lake
from resources.reference.corporate_actions.table import to_actions
from resources.universe import UniverseSpec

#: bump when the arrays below change their meaning
CACHE_FORMAT = "3"

_FLOATS = (
    "strike", "multiplier", "bid", "ask", "last", "mark", "bid_size", "ask_size", "volume", "open_interest",
    "spot", "forward", "discount", "year_fraction", "iv", "delta", "gamma", "vega_per_vol_point",
    "theta_per_day", "quote_age_seconds", "adjustment_factor", "adjusted_strike", "adjusted_multiplier",
)  # fmt: skip
_TIMES = {"ts": "ts_us", "known_at": "known_at_us", "settles_at": "settles_us", "quote_ts": "quote_us"}
_DATES = {"trade_date": "trade_days", "expiry": "expiry_days", "last_trade_date": "last_trade_days"}


@dataclass(frozen=True)
class StudyInputs:
    """Everything that a study's engine run reads, and where it came from.

    Attributes
    ----------
    actions
        Of the study's underlying and of the securities that its own can bring into the book.
    securities
        Daily prices of those securities, as far as the universe has them.
    files
        Lake path -> sha256 of the compacted files that were read.
    raw
        Lake path -> digest of the raw harvest records and reference slices behind them.
    digest
        SHA-256 over the content of what was read (canonical rows, not file bytes).
    """

    chain: ChainHistory
    underlying: UnderlyingHistory
    actions: list[CorporateAction]
    securities: dict[str, UnderlyingHistory]
    files: dict[str, str]
    raw: dict[str, str]
    digest: str


@dataclass(frozen=True)
class LoadedChain:
    """Chains of several months, and the compacted files that they came from: lake path -> sha256."""

    history: ChainHistory
    files: dict[str, str]


def months_between(start: dt.date, end: dt.date) -> list[dt.date]:
    """First days of the months from ``start``'s to ``end``'s."""
    months = []
    month = start.replace(day=1)
    while month <= end:
        months.append(month)
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return months


def study_months(universe: UniverseSpec, start: dt.date, end: dt.date) -> list[dt.date]:
    """First days of the months of a range, as far as the universe's history reaches."""
    return months_between(max(start, universe.start), min(end, universe.end or end))


def load_inputs(
    study: StudySpec,
    universe: UniverseSpec,
    lake: Lake,
    start: dt.date | None = None,
    end: dt.date | None = None,
    chain: LoadedChain | None = None,
) -> StudyInputs:
    """Load the study's underlying over a range (default: the study's period).

    Parameters
    ----------
    chain
        From ``load_chain``, for whoever loads many ranges that overlap; it must hold the range's months. Only
        the rows of the range asked for are in the result.

    Raises
    ------
    MissingLayerError
        If a month has not been compacted, or was compacted without a session of the range that its source could
        still deliver: a run over the rest would pass for a run over the whole.
    ValueError
        If ``chain`` was made from other files than the months now name.
    """
    start, end = start or study.period.start, end or study.period.end
    months = study_months(universe, start, end)
    statuses = [read_month_status(universe, lake, month) for month in months]
    _require_days(study, universe, statuses, start, end)
    if chain is not None:
        _require_same(chain, statuses)
    files: dict[str, str] = {}
    raw: dict[str, str] = {}
    h = hashlib.sha256(f"{study.underlying}|{start}|{end}".encode())
    for status in statuses:
        for name in (CHAIN_FILE, PRICES_FILE):
            entry = status[name]
            assert isinstance(entry, dict)
            files[entry["path"]] = entry["sha256"]
            h.update(entry["digest"].encode())
        inputs = status["inputs"]
        assert isinstance(inputs, dict)
        raw |= inputs
    actions, action_files = _actions(study, universe, lake, months)
    files |= action_files
    h.update(repr(actions).encode())
    related = related_securities(actions, study.underlying)
    prices = _prices({study.underlying, *related}, lake, statuses)
    return StudyInputs(
        chain=(chain.history if chain is not None else _chain(study, lake, statuses)).slice(
            _days(start), _days(end)
        ),
        underlying=prices[study.underlying],
        actions=actions,
        securities={name: prices[name] for name in sorted(related)},
        files=files,
        raw=raw,
        digest=h.hexdigest(),
    )


def load_chain(
    study: StudySpec, universe: UniverseSpec, lake: Lake, months: Sequence[dt.date]
) -> LoadedChain:
    """The chains of the study's underlying in these months (their first days, in order).

    Raises
    ------
    MissingLayerError
        If a month has not been compacted.
    """
    statuses = [read_month_status(universe, lake, month) for month in months]
    files = {entry["path"]: entry["sha256"] for entry in (s[CHAIN_FILE] for s in statuses)}  # type: ignore[index]
    return LoadedChain(_chain(study, lake, statuses), files)


def _require_same(chain: LoadedChain, statuses: list[dict[str, Any]]) -> None:
    """What was loaded must be what the months now say: they become a run's record of its inputs."""
    for entry in (status[CHAIN_FILE] for status in statuses):
        if chain.files.get(entry["path"]) != entry["sha256"]:
            raise ValueError(
                f"{entry['path']} is not the file whose chains were loaded: its month was compacted meanwhile; "
                "run the study again"
            )


def _require_days(
    study: StudySpec, universe: UniverseSpec, statuses: list[dict[str, Any]], start: dt.date, end: dt.date
) -> None:
    if universe.provider.mode == "snapshot_only":
        # a session that was not taken then cannot be had now; the month's status lists it
        return
    missing = [
        day for s in statuses for day in s["not_materialized"] if start.isoformat() <= day <= end.isoformat()
    ]
    if missing:
        raise MissingLayerError(
            f"study {study.name}: {universe.name} lacks {len(missing)} sessions of its range, the first is "
            f"{missing[0]}, the last {missing[-1]}; run: optix harvest {universe.name} --from {missing[0]} "
            f"--to {missing[-1]}"
        )


def _days(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _actions(
    study: StudySpec, universe: UniverseSpec, lake: Lake, months: list[dt.date]
) -> tuple[list[CorporateAction], dict[str, str]]:
    if universe.corporate_actions is None:
        return [], {}
    found: set[CorporateAction] = set()
    files = {}
    for month in months:
        path = slice_path(universe, month)
        files[path] = hashlib.sha256(lake.read_bytes(path)).hexdigest()
        found |= set(to_actions(lake.read_table(path)))
    names = {study.underlying, *related_securities(sorted(found), study.underlying)}
    return sorted(a for a in found if a.underlying in names), files


def _prices(names: set[str], lake: Lake, statuses: list[dict[str, object]]) -> dict[str, UnderlyingHistory]:
    """Daily prices of these securities by name, empty where the universe has none."""
    tables = [_table(lake, s[PRICES_FILE]) for s in statuses]
    table = pa.concat_tables(tables).unify_dictionaries()
    whose = ea.texts(table, "underlying")
    return {name: _history(table.filter(pa.array(whose == name))) for name in sorted(names)}


def _history(table: pa.Table) -> UnderlyingHistory:
    return UnderlyingHistory(
        days=ea.days(table, "trade_date"),
        open=ea.floats(table, "open"),
        high=ea.floats(table, "high"),
        low=ea.floats(table, "low"),
        close=ea.floats(table, "close"),
        settlement_price=ea.floats(table, "settlement_price"),
        ts_us=ea.microseconds(table, "ts"),
        known_at_us=ea.microseconds(table, "known_at"),
    )


def _table(lake: Lake, entry: Any) -> pa.Table:
    """A compacted file, with the bytes that the month's status says."""
    return lake.read_table(entry["path"], sha256=entry["sha256"])


def _chain(study: StudySpec, lake: Lake, statuses: list[dict[str, object]]) -> ChainHistory:
    entries = [s[CHAIN_FILE] for s in statuses]
    key = hashlib.sha256(
        "|".join([CACHE_FORMAT, study.underlying, *(e["sha256"] for e in entries)]).encode()  # type: ignore[index]
    ).hexdigest()[:32]
    path = optix_home() / "cache" / "chains" / f"{key}.arrow"
    if not path.exists():
        tables = [_table(lake, e) for e in entries]
        _write_cache(path, _engine_table(tables, study.underlying))
    return ChainHistory.from_columns(_read_cache(path))


def _engine_table(tables: list[pa.Table], underlying: str) -> pa.Table:
    """One underlying's rows as plain integers and floats, with the label lists in the schema's metadata."""
    table = pa.concat_tables(tables).unify_dictionaries()
    table = table.filter(pa.array(ea.texts(table, "underlying") == underlying)).combine_chunks()
    columns: dict[str, pa.Array] = {"contract_id": table.column("contract_id").combine_chunks()}
    for name, engine_name in _TIMES.items():
        columns[engine_name] = pa.array(ea.microseconds(table, name))
    for name, engine_name in _DATES.items():
        columns[engine_name] = pa.array(ea.days(table, name))
    columns["right"] = pa.array(ea.rights(table))
    for name in _FLOATS:
        columns[name] = pa.array(ea.floats(table, name))
    # what the engine multiplies with is what the contract's terms say that day
    columns["multiplier"] = columns["adjusted_multiplier"]
    grade_of = {g.name.lower(): int(g) for g in QuoteGrade}
    grade_codes, grades = ea.codes(table, "grade")
    columns["grade"] = pa.array(np.array([grade_of[g] for g in grades] or [0], dtype=np.uint8)[grade_codes])
    root_codes, roots = ea.codes(table, "root")
    symbol_codes, symbols = ea.codes(table, "symbol")
    deliverable_codes, deliverables = ea.codes(table, "deliverable")
    columns["root"] = pa.array(root_codes.astype(np.int16))
    columns["symbol"] = pa.array(symbol_codes)
    columns["deliverable"] = pa.array(deliverable_codes)
    names = dict(zip(NAMES_BY_CODE, (roots, symbols, deliverables), strict=True))
    labels = {name.encode(): json.dumps(texts).encode() for name, texts in names.items()}
    return pa.table(columns).replace_schema_metadata(labels)


def _write_cache(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        # one batch, so that every column is one contiguous buffer
        writer.write_table(table.combine_chunks(), max_chunksize=max(table.num_rows, 1))
    temporary.replace(path)


def _read_cache(path: Path) -> dict[str, np.ndarray]:
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    metadata = table.schema.metadata
    columns = {name: np.asarray(table.column(name).combine_chunks()) for name in table.column_names}
    for name in NAMES_BY_CODE:
        columns[name] = np.array(json.loads(metadata[name.encode()]), dtype=object)
    return columns
