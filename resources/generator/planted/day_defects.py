"""Defects of a whole session: what each kind makes of the session's file."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from resources.generator.cboe_files import underlying_row
from resources.generator.market import MarketDay
from resources.generator.planted import structure_defects as structure
from resources.generator.planted.day_sheet import DaySheet
from resources.generator.planted.row_defects import TICK, plain, relabel
from resources.generator.planted.session_file import SessionFile, Window
from resources.generator.planted.split_defects import unrecorded_split
from resources.generator.planted.universe_file import MAX_QUARANTINED, MIN_ROWS
from resources.generator.specs import VendorLayout
from resources.universe import QualitySpec

_SUITE = QualitySpec()
_LINE_DATE, _LINE_PAYLOAD = 0, 3


@dataclass(frozen=True)
class DayDefect:
    """How one kind is made; ``sizes`` run from obvious to the smallest. ``spoil`` returns what was done."""

    sizes: tuple[float, ...]
    spoil: Callable[[SessionFile, Window, float, np.random.Generator], str]


def _missing(file: SessionFile, _window: Window, _size: float, _rng: np.random.Generator) -> str:
    file.sheets, file.line = [], None
    return "no file"


def _truncated(file: SessionFile, _window: Window, size: float, _rng: np.random.Generator) -> str:
    file.kept_share = size
    return f"{size:.0%} of the bytes"


def _empty(file: SessionFile, _window: Window, _size: float, _rng: np.random.Generator) -> str:
    for sheet in file.sheets:
        sheet.dropped = set(range(len(sheet)))
    return "a header alone"


def _repeated_day(file: SessionFile, window: Window, _size: float, _rng: np.random.Generator) -> str:
    file.sheets = window.sheets_of(window.before, file.dated)
    if file.line is not None:
        file.line = underlying_row(window.market, window.before, file.dated)
    return f"content of {window.before.date}"


def _late(file: SessionFile, window: Window, _size: float, _rng: np.random.Generator) -> str:
    file.sheets = window.sheets_of(window.after, file.dated)
    if file.line is not None:
        line = underlying_row(window.market, window.after, window.after.date)
        file.line = _with_field(line, _LINE_DATE, file.dated.isoformat())
    return f"content of {window.after.date}"


def _repeated_quotes(file: SessionFile, window: Window, size: float, rng: np.random.Generator) -> str:
    here, before = _shared(file.sheets[0], window.before)
    kept = np.sort(rng.permutation(len(here))[: int(np.ceil(len(here) * size))])
    columns = ("bid", "ask", "bid_size", "ask_size", "last_trade_price", "volume")
    old = window.sheets_of(window.before, window.before.date)[0]
    for column in columns:
        _overwrite(file.sheets[0], old, column, here[kept], before[kept])
    return f"{len(kept)} of {len(here)} contracts as on {window.before.date}"


def _repeated_trades(file: SessionFile, window: Window, size: float, rng: np.random.Generator) -> str:
    sheet = file.sheets[0]
    here, before = _shared(sheet, window.before)
    old = window.sheets_of(window.before, window.before.date)[0]
    shift_us = (window.here.date - window.before.date) // dt.timedelta(microseconds=1)
    wall = window.before.chain.last_trade_wall_us[before]
    recent = wall >= window.before.state.open_wall_us
    traded = np.flatnonzero(recent)
    spared = rng.permutation(traded)[: int(len(traded) * (1.0 - size))]
    kept = np.setdiff1d(np.arange(len(here)), spared)
    for column in ("last_trade_price", "volume"):
        _overwrite(sheet, old, column, here[kept], before[kept])
    times = np.array(sheet.columns["last_trade_time"].to_pylist(), dtype=object)
    moved = np.where(recent, wall + shift_us, wall) // 1_000_000
    for at, seconds in zip(here[kept].tolist(), moved[kept].tolist(), strict=True):
        times[at] = str(np.datetime64(seconds, "s")) if seconds else ""
    sheet.columns["last_trade_time"] = _texts(times)
    return f"{len(traded) - len(spared)} of {len(traded)} traded contracts as on {window.before.date}"


def _early(file: SessionFile, window: Window, size: float, _rng: np.random.Generator) -> str:
    assert file.line is not None
    close = window.market.calendar.close_us(file.dated) - int(size) * 60_000_000
    stamp = dt.datetime.fromtimestamp(close // 1_000_000, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    file.line = _with_field(file.line, _LINE_PAYLOAD, stamp)
    return f"{size:g} minutes before the close"


def _column_text(column: str, text: Callable[[Window], str]) -> DayDefect:
    def spoil(file: SessionFile, window: Window, _size: float, _rng: np.random.Generator) -> str:
        for sheet in file.sheets:
            sheet.columns[column] = _texts(np.full(len(sheet), text(window), dtype=object))
        return f"{column} is {text(window)}"

    return DayDefect((1.0,), spoil)


def _no_line(file: SessionFile, _window: Window, _size: float, _rng: np.random.Generator) -> str:
    file.line = None
    return "no line in underlying.csv"


def _scaled(file: SessionFile, _window: Window, size: float, _rng: np.random.Generator) -> str:
    for sheet in file.sheets:
        for column in ("bid", "ask", "last_trade_price"):
            sheet.replace(column, np.round(sheet.values(column) * size, 6))
    return f"prices times {size:g}"


def _in_dollars(file: SessionFile, _window: Window, _size: float, _rng: np.random.Generator) -> str:
    for sheet in file.sheets:
        for column in ("bid", "ask", "mark_price"):
            sheet.replace(column, np.round(sheet.values(column) * sheet.values("forward_price"), 2))
    return "premiums in dollars"


def _many_crossed(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    total = 0
    for sheet in file.sheets:
        wanted = int(np.ceil((MAX_QUARANTINED + size) * len(sheet)))
        rows = rng.permutation(np.flatnonzero(plain(sheet)))[:wanted]
        bid = sheet.values("bid")
        bid[rows] = np.round(sheet.values("ask")[rows] + TICK[sheet.layout], 6)
        sheet.replace("bid", bid)
        total += len(rows)
    return f"{total} quotes crossed"


def _fewer(file: SessionFile, window: Window, size: float, rng: np.random.Generator) -> str:
    for sheet in file.sheets:
        keep = int(size * len(window.before.chain))
        sheet.dropped = set(rng.permutation(len(sheet))[keep:].tolist())
    return f"{size:.0%} of the rows of the session before"


def _few(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    keep = int(size * MIN_ROWS) - 1
    for sheet in file.sheets:
        sheet.dropped = set(rng.permutation(len(sheet))[keep:].tolist())
    return f"{keep} rows"


def _no_quotes(file: SessionFile, _window: Window, _size: float, _rng: np.random.Generator) -> str:
    for sheet in file.sheets:
        for column in ("bid", "ask"):
            sheet.replace(column, np.zeros(len(sheet)))
    return "no bid and no ask"


def _missing_spot(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    total = 0
    for sheet in file.sheets:
        count = int(np.ceil((_SUITE.max_missing_fraction + size) * len(sheet)))
        texts = np.array(sheet.columns["index_price"].cast("string").to_pylist(), dtype=object)
        texts[rng.permutation(len(sheet))[:count]] = ""
        sheet.columns["index_price"] = _texts(texts)
        total += count
    return f"{total} rows without an index price"


def _future_trade(file: SessionFile, window: Window, _size: float, rng: np.random.Generator) -> str:
    sheet = file.sheets[0]
    row = int(rng.choice(np.flatnonzero(plain(sheet))))
    stamp = f"{window.after.date}T10:00:00"
    sheet.put("last_trade_time", row, stamp)
    return f"{sheet.contract(row)} traded {stamp}"


def _old_trades(file: SessionFile, window: Window, _size: float, _rng: np.random.Generator) -> str:
    sheet = file.sheets[0]
    today, before = window.here.date.isoformat(), window.before.date.isoformat()
    times = [t.replace(today, before) for t in sheet.columns["last_trade_time"].to_pylist()]
    sheet.columns["last_trade_time"] = _texts(np.array(times, dtype=object))
    return f"trades of {before}"


def _off_grid_strike(file: SessionFile, _window: Window, size: float, rng: np.random.Generator) -> str:
    sheet = file.sheets[-1]
    copy = sheet.copy_row(int(rng.choice(np.flatnonzero(plain(sheet)))))
    strike = float(sheet.columns["strike"][copy].as_py()) + size
    if sheet.layout is VendorLayout.CBOE:
        symbol = str(sheet.columns["option"][copy].as_py())
        sheet.put("option", copy, f"{symbol[:-8]}{round(strike * 1000):08d}")
        sheet.put("strike", copy, f"{strike:.3f}")
    else:
        sheet.put("strike", copy, strike)
    return f"strike {strike:g}"


def _off_calendar_expiry(file: SessionFile, _window: Window, _size: float, rng: np.random.Generator) -> str:
    sheet = file.sheets[-1]
    copy = sheet.copy_row(int(rng.choice(np.flatnonzero(plain(sheet)))))
    expiry = dt.date.fromisoformat(str(sheet.columns["expiry"][copy].as_py()))
    sunday = expiry + dt.timedelta(days=(6 - expiry.weekday()) % 7)
    relabel(sheet, copy, sunday)
    return f"expiry {sunday}, a Sunday"


def _closed_day(file: SessionFile, window: Window, _size: float, _rng: np.random.Generator) -> str:
    return f"content of {window.here.date}"


def _shared(sheet: DaySheet, before: MarketDay) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a sheet and of the session before that are of one contract."""
    now = 2 * sheet.chain.row + sheet.chain.is_put
    then = 2 * before.chain.row + before.chain.is_put
    _, here, there = np.intersect1d(now, then, assume_unique=True, return_indices=True)
    return here, there


def _overwrite(sheet: DaySheet, old: DaySheet, column: str, here: np.ndarray, there: np.ndarray) -> None:
    values = sheet.values(column)
    values[here] = old.values(column)[there]
    sheet.replace(column, values)


def _texts(values: np.ndarray) -> pa.Array:
    return pa.array(values, type=pa.string())


def _with_field(line: str, position: int, text: str) -> str:
    fields = line.split(",")
    fields[position] = text
    return ",".join(fields)


DAY_DEFECTS: dict[str, DayDefect] = {
    "missing_day": DayDefect((1.0,), _missing),
    "truncated_file": DayDefect((0.6, 0.99), _truncated),
    "empty_file": DayDefect((1.0,), _empty),
    "repeated_day": DayDefect((1.0,), _repeated_day),
    "repeated_quotes": DayDefect((1.0, 0.97), _repeated_quotes),
    "repeated_trades": DayDefect((1.0, 0.97), _repeated_trades),
    "late_file": DayDefect((1.0,), _late),
    "early_file": DayDefect((120.0, 1.0), _early),
    "other_session": _column_text("session_date", lambda w: w.before.date.isoformat()),
    "other_underlying": _column_text("ticker", lambda _w: "OTHER"),
    "no_underlying_line": DayDefect((1.0,), _no_line),
    "scaled_day": DayDefect((10_000.0, 100.0), _scaled),
    "day_in_dollars": DayDefect((1.0,), _in_dollars),
    "many_crossed": DayDefect((0.2, 0.02), _many_crossed),
    "half_the_rows": DayDefect((0.2, 0.45), _fewer),
    "few_rows": DayDefect((0.2, 1.0), _few),
    "no_quotes": DayDefect((1.0,), _no_quotes),
    "missing_spot": DayDefect((0.5, 0.02), _missing_spot),
    "trade_of_the_future": DayDefect((1.0,), _future_trade),
    "old_trades": DayDefect((1.0,), _old_trades),
    "closed_day": DayDefect((1.0,), _closed_day),
    "part_unchanged": DayDefect((0.8, 0.55), _repeated_quotes),
    "off_grid_strike": DayDefect((0.137,), _off_grid_strike),
    "off_calendar_expiry": DayDefect((1.0,), _off_calendar_expiry),
    "vendor_iv_percent": DayDefect((100.0,), structure.vendor_iv_percent),
    "absurdly_wide": DayDefect((3.0, 1.02), structure.absurdly_wide),
    "below_intrinsic": DayDefect((0.05, 0.025), structure.below_intrinsic),
    "parity": DayDefect((0.06, 0.025), structure.parity),
    "butterfly": DayDefect((0.5, 0.03), structure.butterfly),
    "calendar_spread": DayDefect((0.5, 0.05), structure.calendar_spread),
    "smile_outliers": DayDefect((2.5, 1.5), structure.smile_outliers),
    "volatility_jumps": DayDefect((2.5, 1.8), structure.volatility_jumps),
    "spot_jump": DayDefect((2.0, 1.3), structure.spot_jump),
    "unrecorded_split": DayDefect((7.0, 2.0, 1.5), unrecorded_split),
    "spot_off": DayDefect((1.12, 1.06), structure.spot_off),
    "vanished_expiry": DayDefect((1.0,), structure.vanished_expiry),
    "vanished_contracts": DayDefect((0.2, 0.03), structure.vanished_contracts),
    "missing_snapshot": DayDefect((1.0,), structure.missing_snapshot),
    "repeated_snapshot": DayDefect((1.0,), structure.repeated_snapshot),
}
