"""One archive of option bars as typed rows, each with the contract that its member's name stands for."""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.calendars import date_of_days, days_of_date
from engine.instruments.osi import OsiSymbolError, format_osi
from engine.instruments.terms import Right
from resources.providers.lean.archive import all_lines, layout, lines_of_day, start_times
from resources.providers.lean.layout import (
    OPTION_ZONE,
    STYLE_WORDS,
    LeanContract,
    LeanOptionsSettings,
    TickType,
    contract_of,
)
from resources.providers.payload_text import UnreadablePayloadError
from resources.providers.quote_table import expiry_out_of_range
from resources.providers.typed_csv import TypedRows, read_typed_csv
from resources.raw_store import RawPart
from resources.underlying_spec import RootSpec, UnderlyingSpec


@dataclass(frozen=True)
class OptionRows:
    """The rows of one root and kind on one day.

    Attributes
    ----------
    rows
        With what was rejected.
    symbols
        OSI symbols, compact: within a root they tell contracts apart.
    ts_us
        int64[n] UTC microseconds: the end of each bar; of open interest, its own time.
    """

    root: str
    rows: TypedRows
    symbols: pa.Array
    rights: pa.Array
    expiry_days: NDArray[np.int32]
    strikes: NDArray[np.float64]
    ts_us: NDArray[np.int64]

    def without(self, reason: str, bad: NDArray[np.bool_]) -> "OptionRows":
        """Without the marked rows, which are rejected with a reason; their contracts are known all the same."""
        if not bad.any():
            return self
        keep = pa.array(~bad)
        kept = self.rows.split({reason: bad})
        before = len(self.rows.rejected)
        named = [
            replace(row, known=known)
            for row, known in zip(kept.rejected[before:], self._known(bad), strict=True)
        ]
        return OptionRows(
            self.root,
            replace(kept, rejected=kept.rejected[:before] + named),
            self.symbols.filter(keep),
            self.rights.filter(keep),
            self.expiry_days[~bad],
            self.strikes[~bad],
            self.ts_us[~bad],
        )

    def _known(self, rows: NDArray[np.bool_]) -> list[dict[str, Any]]:
        """The contract of each of the rows, and its open interest where that is what they tell."""
        mask = pa.array(rows)
        columns: dict[str, list[Any]] = {
            "root": [self.root] * int(rows.sum()),
            "symbol": self.symbols.filter(mask).to_pylist(),
            "right": self.rights.filter(mask).to_pylist(),
            "expiry": [date_of_days(day) for day in self.expiry_days[rows].tolist()],
            "strike": self.strikes[rows].tolist(),
        }
        if "open_interest" in self.rows.table.column_names:
            columns["open_interest"] = self.rows.column("open_interest").filter(mask).to_pylist()
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def read_option_rows(
    part: RawPart,
    kind: TickType,
    spec: UnderlyingSpec,
    trade_date: dt.date,
    settings: LeanOptionsSettings,
    *,
    opens_us: int,
    closes_us: int,
) -> OptionRows:
    """The day's rows of an archive.

    Parameters
    ----------
    opens_us, closes_us
        The session, UTC microseconds: a bar that ends with or before the open is rejected (a daily bar in an
        hourly file would be known before its trades were made), and daily bars end with the close.

    Raises
    ------
    UnreadablePayloadError
        If the archive cannot be read, is of no root of the underlying, or has no line of the day.
    """
    root = _root_of(part.name, spec, intraday_file=settings.intraday_file)
    if settings.intraday_file:
        text = all_lines(part.payload, part.name, kind)
    else:
        sliced = lines_of_day(part.payload, part.name, kind, trade_date)
        if sliced is None:
            raise UnreadablePayloadError(f"{part.name} has no line of {trade_date}; harvest the day again")
        text = sliced
    rows = read_typed_csv(text, layout(kind, intraday_file=settings.intraday_file), part.name)
    members = rows.column("member").dictionary_encode()
    at = members.indices.to_numpy(zero_copy_only=False)
    contracts = [
        contract_of(name, intraday_file=settings.intraday_file) for name in members.dictionary.to_pylist()
    ]
    found = [_judged(contract, kind, root, trade_date) for contract in contracts]
    starts, untimed = start_times(rows, trade_date, OPTION_ZONE)
    ts_us = _known_at(starts.to_numpy(), kind, settings, closes_us)
    reasons = dict(untimed)
    for reason in sorted({reason for _, names in found for reason in names}):
        mask = np.array([reason in names for _, names in found])[at]
        reasons[reason] = reasons.get(reason, False) | mask
    if kind != "openinterest":  # published before the open
        typed = ~np.logical_or.reduce([np.zeros(len(rows), dtype=bool), *untimed.values()])
        reasons["before_session"] = typed & (ts_us <= opens_us)
    bad = np.logical_or.reduce([np.zeros(len(rows), dtype=bool), *reasons.values()])
    kept = at[~bad]
    texts = [(symbol, contract.right, contract.expiry, contract.strike) if contract and symbol else None
             for contract, (symbol, _) in zip(contracts, found, strict=True)]  # fmt: skip
    known = [text or ("", "", trade_date, 0.0) for text in texts] or [("", "", trade_date, 0.0)]
    place = pa.array(kept)
    return OptionRows(
        root.root,
        rows.split(reasons),
        pa.array([text[0] for text in known]).take(place),
        pa.array([text[1] for text in known]).take(place),
        np.array([days_of_date(text[2]) for text in known], dtype=np.int32)[kept],
        np.array([text[3] for text in known], dtype=np.float64)[kept],
        ts_us[~bad],
    )


def _root_of(name: str, spec: UnderlyingSpec, *, intraday_file: bool) -> RootSpec:
    """Whose archive it is: minute files have a folder per ticker, others begin with it."""
    path = PurePosixPath(name)
    ticker = path.parent.name if intraday_file else path.name.split("_")[0]
    for root in spec.roots:
        if root.root.lower() == ticker:
            return root
    raise UnreadablePayloadError(
        f"{name} is of no option root of {spec.symbol}; add the root to the universe"
    )


def _known_at(
    start_us: NDArray[np.int64], kind: TickType, settings: LeanOptionsSettings, closes_us: int
) -> NDArray[np.int64]:
    if kind == "openinterest":
        return np.asarray(start_us, dtype=np.int64)
    if settings.resolution == "daily":
        return np.full(len(start_us), closes_us, dtype=np.int64)
    return np.asarray(start_us + settings.bar_us, dtype=np.int64)


def _judged(
    contract: LeanContract | None, kind: TickType, root: RootSpec, trade_date: dt.date
) -> tuple[str, set[str]]:
    """The OSI symbol of a member's contract, and why its rows cannot be used."""
    if contract is None:
        return "", {"untyped:member"}
    reasons = {
        "other_kind": contract.kind != kind,
        "other_day": contract.day not in (None, trade_date),
        "unknown_root": contract.ticker != root.root.lower(),
        "style_disagrees": contract.style != STYLE_WORDS[root.style],
        "expiry_out_of_range": bool(
            expiry_out_of_range(np.array([days_of_date(contract.expiry)], dtype=np.int32), trade_date)[0]
        ),
    }
    symbol = ""
    try:
        symbol = format_osi(root.root, contract.expiry, Right(contract.right), contract.strike, padded=False)
    except OsiSymbolError:
        reasons["no_osi_symbol"] = True
    return symbol, {reason for reason, holds in reasons.items() if holds}
