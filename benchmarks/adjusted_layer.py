"""Ten years of a stock's chains with twenty corporate actions: the adjusted layer against a plain copy of its input.

Both read every session's validated file from a local lake and write one: the copy the same table, the layer the same
rows with identity, adjusted terms and deliverable, its digest and its status. They take turns by quarters of a year,
and both count processor time too, since the machine may be shared.
"""

import datetime as dt
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Figure

CONTRACTS = 2_000
FIRST, LAST = dt.date(2014, 1, 2), dt.date(2024, 1, 9)
_BLOCK = 63
_DAY_US = 86_400_000_000


def run(work: Path) -> list[Figure]:
    """Write the validated layer, then time."""
    from assets.adjustment import adjust_days
    from resources.lake import open_lake

    universe, actions = universe_of(), corporate_actions()
    lake = open_lake(str(work / "adjusted_layer"))
    days, rows = write_validated(universe, lake, actions)

    def adjust(block: list[dt.date]) -> None:
        # near a split it looks for the payloads of the sessions before, of which there are none here
        adjust_days(universe, lake, lambda: None, block)

    def copy(block: list[dt.date]) -> None:
        copy_days(universe, lake, block)

    adjust(days[:3])
    copy(days[:3])
    ours, copied = [0.0, 0.0], [0.0, 0.0]
    for start in range(0, len(days), _BLOCK):
        block = days[start : start + _BLOCK]
        for total, job in ((ours, adjust), (copied, copy)):
            wall, processor = time.perf_counter(), time.process_time()
            job(block)
            total[0] += time.perf_counter() - wall
            total[1] += time.process_time() - processor
    check(universe, lake, days)
    return [
        Figure(
            f"adjusted layer: {len(days):,} sessions, {rows:,} quotes, {len(actions)} corporate actions",
            f"{copied[0] / ours[0]:.2f} x the speed of a plain copy",
            ">= 0.5",
            f"{rows / ours[0]:,.0f} rows/s against {rows / copied[0]:,.0f}; by processor time "
            f"{copied[1] / ours[1]:.2f} x; one process",
        )
    ]


def universe_of() -> Any:
    from resources.universe import UniverseSpec

    root = {
        "root": "ACME",
        "style": "A",
        "settlement_time": "PM",
        "settlement_type": "physical",
        "multiplier": 100,
    }
    return UniverseSpec.model_validate(
        {
            "name": "ten_years",
            "description": "a stock over ten years",
            "provider": {"format": "cboe_csv", "path": "${generated}/none"},
            "corporate_actions": {"format": "actions_csv", "path": "none.csv"},
            "calendar": "XNYS",
            "timezone": "America/New_York",
            "start": FIRST,
            "end": LAST,
            "quote_currency": "USD",
            "settlement_currency": "USD",
            "underlyings": [{"symbol": "ACME", "kind": "stock", "roots": [root]}],
        }
    )


def corporate_actions() -> list[Any]:
    """Two splits, two special dividends with their memos, sixteen ordinary dividends."""
    from engine.corporate_actions.events import ActionKind, CorporateAction
    from engine.corporate_actions.memos import OptionMemo

    found = []
    for number in range(20):
        date = FIRST + dt.timedelta(days=120 + 170 * number)
        kind = {6: ActionKind.SPLIT, 13: ActionKind.SPLIT, 4: ActionKind.SPECIAL_DIVIDEND}.get(
            number, ActionKind.SPECIAL_DIVIDEND if number == 17 else ActionKind.CASH_DIVIDEND
        )
        special = kind is ActionKind.SPECIAL_DIVIDEND
        split = {6: 4.0, 13: 2.0}.get(number, 1.0)
        cash = 0.0 if kind is ActionKind.SPLIT else 2.5 if special else 0.6
        memos = (OptionMemo(strike_reduction=2.5),) if special else ()
        known = ((date - dt.date(1970, 1, 1)).days - 20) * _DAY_US
        found.append(CorporateAction("ACME", date, kind, split, 1.0, cash, "USD", known, memos=memos))
    return found


def write_validated(universe: Any, lake: Any, actions: list[Any]) -> tuple[list[dt.date], int]:
    """Every session's validated quotes and status, and the months' slices of the actions."""
    from assets.corporate_actions import build_month
    from assets.day_status import DayStatus, UnderlyingStatus, write_status
    from engine.calendars import TradingCalendar
    from resources.lake.layout import partition_path
    from resources.reference.corporate_actions.table import actions_table
    from resources.reference.parsed import parsed_reference

    days = TradingCalendar.for_code("XNYS", FIRST, LAST).sessions()
    parsed = parsed_reference("benchmark", "none.csv", len(actions), actions_table(actions), [])
    for month in sorted({day.replace(day=1) for day in days}):
        build_month(universe, lake, parsed, month, {"none.csv": "0" * 64})
    rng = np.random.default_rng(11)
    spot, rows = 400.0, 0
    for day in days:
        basis = np.prod([a.split_ratio for a in actions if a.effective_date <= day])
        spot *= np.exp(rng.normal(0, 0.012))
        table = session(day, spot / basis, rng)
        path = partition_path(universe.name, "validated_quotes", day.isoformat(), "ACME")
        written = lake.write_table(path, table)
        status = UnderlyingStatus(
            "ok", rows=table.num_rows, path=path, sha256=written.sha256, digest="0" * 64
        )
        write_status(lake, universe, "validated_quotes", DayStatus(day, {"ACME": status}, {"raw": "0" * 64}))
        write_status(
            lake, universe, "quarantined_quotes", DayStatus(day, {"ACME": UnderlyingStatus("ok")}, {})
        )
        rows += table.num_rows
    return days, rows


def session(day: dt.date, spot: float, rng: np.random.Generator) -> Any:
    """One snapshot: 20 expiries, 50 strikes of each right, prices that look like an option's."""
    import pyarrow as pa

    from resources.schemas import QUOTE_SCHEMA

    step = 0.5 if spot < 60 else 2.5
    expiries = [day + dt.timedelta(days=7 * (i + 1) - (day.weekday() - 4)) for i in range(20)]
    strikes = np.round(spot / step) * step + step * np.arange(-25, 25)
    expiry, right, strike = (
        a.ravel() for a in np.meshgrid(np.arange(20), np.arange(2), np.maximum(strikes, step), indexing="ij")
    )
    assert len(strike) == CONTRACTS
    years = (7.0 * (expiry + 1)) / 365
    mid = np.maximum(np.where(right == 0, spot - strike, strike - spot), 0) + 0.1 * spot * np.sqrt(years)
    bid = np.round(mid * rng.uniform(0.95, 1.0, CONTRACTS), 2)
    known = {
        "strike": strike,
        "bid": bid,
        "ask": np.round(bid * 1.05 + 0.01, 2),
        "last": bid,
        "spot": np.full(CONTRACTS, spot),
        "multiplier": np.full(CONTRACTS, 100.0),
        **{size: rng.integers(1, 500, CONTRACTS).astype(float) for size in ("bid_size", "ask_size")},
        "volume": rng.poisson(30, CONTRACTS).astype(float),
        "open_interest": rng.poisson(800, CONTRACTS).astype(float),
        "symbol": [
            f"ACME{expiries[e]:%y%m%d}{'CP'[r]}{round(1000 * k):08d}"
            for e, r, k in zip(expiry, right, strike, strict=True)
        ],
        "right": ["CP"[r] for r in right],
        "expiry": [expiries[e] for e in expiry],
        "last_trade_date": [expiries[e] for e in expiry],
        "settles_at": [dt.datetime.combine(expiries[e], dt.time(20), dt.UTC) for e in expiry],
    }
    close = dt.datetime.combine(day, dt.time(21), dt.UTC)
    same = {
        **dict.fromkeys(("underlying", "root"), "ACME"),
        **dict.fromkeys(("quote_currency", "settlement_currency"), "USD"),
        **dict.fromkeys(("ts", "known_at"), close),
        "trade_date": day, "snapshot_id": 0, "style": "A", "settlement_time": "PM", "settlement_type": "physical",
        "source": "benchmark", "harvest_id": "h",
    }  # fmt: skip
    columns = {}
    for field in QUOTE_SCHEMA:
        values = known.get(field.name, [same.get(field.name)] * CONTRACTS)
        plain = pa.string() if pa.types.is_dictionary(field.type) else field.type
        columns[field.name] = pa.array(values, type=plain).cast(field.type)
    return pa.table(columns).cast(QUOTE_SCHEMA)


def copy_days(universe: Any, lake: Any, days: list[dt.date]) -> None:
    """Read each session's file and write it again."""
    from resources.lake.layout import partition_path

    for day in days:
        table = lake.read_table(partition_path(universe.name, "validated_quotes", day.isoformat(), "ACME"))
        lake.write_table(partition_path(universe.name, "copied", day.isoformat(), "ACME"), table)


def check(universe: Any, lake: Any, days: list[dt.date]) -> None:
    """The layer did its work: contracts of before the splits are found again, eight of each."""
    from resources.lake.layout import partition_path

    def factors(day: dt.date) -> set[float]:
        path = partition_path(universe.name, "adjusted_quotes", day.isoformat(), "ACME")
        return set(lake.read_table(path, columns=["adjustment_factor"])["adjustment_factor"].to_pylist())

    if factors(days[0]) != {1.0} or 8.0 not in factors(days[-1]):
        raise RuntimeError("the adjusted layer did not follow the splits, so its speed counts for nothing")
